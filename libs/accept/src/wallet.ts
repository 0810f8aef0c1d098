import { leaseSubjects, type LeaseAnswer, type LeaseQuestion, type LeaseRecall, type LeaseReturn } from '@heliograph/message';
import type { Asking } from '@heliograph/queue';
import { prefixesOf } from './caps.ts';
import { createPurse, type HeldLease, type Purse } from './purse.ts';

export type Taken =
  | { readonly kind: 'taken'; readonly lease: HeldLease }
  | { readonly kind: 'no_credit' }
  /** A cap of the day is reached: that of the prefix, or of everything when it is empty. */
  | { readonly kind: 'capped'; readonly prefix: string }
  | { readonly kind: 'unavailable' };

/** The credit an ingress may spend, for every tenant that submits to it. `scope`: as `capScopeOf` says; each has leases of its own. */
export interface Wallet {
  /** From what is in hand; undefined: it must be asked for. */
  take(tenant: string, amount: bigint, scope?: string): HeldLease | undefined;
  /** Asks billing-credits when the hand is empty; answers within `patienceMs`, or `awayPatienceMs` when nobody answers. */
  takeOrAsk(tenant: string, amount: bigint, scope?: string): Promise<Taken>;
  stored(tenant: string, lease: HeldLease): void;
  refused(tenant: string, lease: HeldLease, amount: bigint): void;
  /** Gives everything back; call it when no message is on its way to the stream. */
  close(): Promise<void>;
}

export interface WalletOptions {
  readonly asking: Asking;
  /** This ingress process: a subject token. */
  readonly ingress: string;
  /** ms of a clock that nobody sets: leases and patience go by it. */
  readonly steadyNow: () => number;
  /** Unix ms: for what an older billing-credits grants. */
  readonly now: () => number;
  readonly awayPatienceMs?: number;
}

/** A new lease should last about so long at the tenant's rate: with half of it left when the next is asked for, billing-credits may be away for 10 s. */
const leaseForMs = 20_000;
const rateOverMs = 1_000;
/** A tenant that just began may send a burst of so many micro-credits. */
const wantAtLeast = 50_000_000n;
/** Below this share of the last lease, the next one is asked for ahead of need. */
const renewBelow = 2n;
/** A lease is not spent in its last moments: no clock goes exactly right, and what is spent has yet to be stored. */
const endMarginMs = 1_000;
const askTimeoutMs = 2_000;
/** How long a message waits for credit that is out with other ingresses. */
const patienceMs = 4_000;
/** How long a message waits for billing-credits when nothing is in hand: longer than a restart, shorter than clients wait for an answer. */
const awayPatienceMsDefault = 10_000;
const awayLookMs = 200;
/** "No credit", or a cap that is reached, holds so long without asking again: a tenant without credit must not flood billing-credits. */
const refusalHoldsMs = 250;
const housekeepingMs = 1_000;

type Granted = Extract<LeaseAnswer, { kind: 'granted' }>;
type Refused = Extract<LeaseAnswer, { kind: 'no_credit' | 'capped' }>;

interface Account {
  readonly tenant: string;
  readonly scope: string;
  readonly purse: Purse;
  asking: Promise<LeaseAnswer | undefined> | undefined;
  lookedAtMs: number;
  spentAtLastLook: bigint;
  lastGranted: bigint;
  refused: Refused;
  refusedFrom: bigint;
  refusedUntilMs: number;
}

export function createWallet({ asking, ingress, steadyNow, now, awayPatienceMs = awayPatienceMsDefault }: WalletOptions): Wallet {
  const accounts = new Map<string, Account>();
  asking.listen<LeaseRecall>(leaseSubjects.recall(ingress), ({ lease }) => {
    for (const account of accounts.values()) account.purse.retire(lease);
    giveBack();
  });
  const housekeeping = setInterval(() => {
    for (const account of accounts.values()) account.purse.retireSpent(steadyNow());
    giveBack();
  }, housekeepingMs).unref();

  function accountOf(tenant: string, scope: string): Account {
    const key = scope === '' ? tenant : `${tenant} ${scope}`;
    let account = accounts.get(key);
    if (!account) {
      account = {
        tenant,
        scope,
        purse: createPurse(),
        asking: undefined,
        lookedAtMs: steadyNow(),
        spentAtLastLook: 0n,
        lastGranted: 0n,
        refused: { kind: 'no_credit' },
        refusedFrom: 0n,
        refusedUntilMs: 0,
      };
      accounts.set(key, account);
    }
    return account;
  }

  function take(tenant: string, amount: bigint, scope = ''): HeldLease | undefined {
    const account = accountOf(tenant, scope);
    const lease = account.purse.take(amount, steadyNow());
    if (lease && !account.asking && lease.remaining < account.lastGranted / renewBelow && account.refusedUntilMs < steadyNow())
      void ask(account, amount);
    return lease;
  }

  async function takeOrAsk(tenant: string, amount: bigint, scope = ''): Promise<Taken> {
    const account = accountOf(tenant, scope);
    const beganMs = steadyNow();
    let answeredSinceMs = beganMs;
    for (;;) {
      const lease = take(tenant, amount, scope);
      if (lease) return { kind: 'taken', lease };
      if (amount >= account.refusedFrom && steadyNow() < account.refusedUntilMs) return account.refused;
      const answer = await (account.asking ?? ask(account, amount));
      if (answer === undefined) {
        if (steadyNow() - beganMs >= awayPatienceMs) return { kind: 'unavailable' };
        await new Promise((resolve) => setTimeout(resolve, awayLookMs));
        // that it was away says nothing of the credit
        answeredSinceMs = steadyNow();
      } else if (steadyNow() - answeredSinceMs > patienceMs) return { kind: 'no_credit' };
      else if (answer.kind === 'retry') await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs));
      // granted: others may have been quicker; refused: it may have been for a dearer message than this
    }
  }

  function ask(account: Account, need: bigint): Promise<LeaseAnswer | undefined> {
    const want = wantNow(account, need);
    const question: LeaseQuestion = {
      tenant: account.tenant,
      ingress,
      needMicroCredits: String(need),
      wantMicroCredits: String(want),
      ...(account.scope === '' ? {} : { scope: prefixesOf(account.scope) }),
    };
    const askedMs = steadyNow();
    account.asking = asking.ask<LeaseAnswer>(leaseSubjects.grant, question, askTimeoutMs).then((answer) => {
      account.asking = undefined;
      if (answer?.kind === 'granted') hold(account, answer, askedMs);
      if (answer?.kind === 'no_credit' || answer?.kind === 'capped') {
        account.refused = answer;
        account.refusedFrom = need;
        account.refusedUntilMs = steadyNow() + refusalHoldsMs;
      }
      return answer;
    });
    return account.asking;
  }

  /** What the tenant spends in `leaseForMs` at the rate of the last second or more: over less, a burst would look like a flood. */
  function wantNow(account: Account, need: bigint): bigint {
    const spent = account.purse.spentEver - account.spentAtLastLook;
    const elapsedMs = steadyNow() - account.lookedAtMs;
    if (elapsedMs >= rateOverMs) {
      account.spentAtLastLook = account.purse.spentEver;
      account.lookedAtMs = steadyNow();
    }
    const byRate = (spent * BigInt(leaseForMs)) / BigInt(Math.ceil(Math.max(rateOverMs, elapsedMs)));
    return [need, wantAtLeast, byRate].reduce((most, one) => (most > one ? most : one));
  }

  /** Its time began after it was asked for: counted from then on, it ends here before it does in the ledger. */
  function hold(account: Account, { lease, microCredits, expiresAtMs, forMs = expiresAtMs - now() }: Granted, askedMs: number): void {
    account.lastGranted = BigInt(microCredits);
    account.purse.add({
      id: lease,
      scope: account.scope,
      remaining: BigInt(microCredits),
      spent: 0n,
      untilMs: askedMs + forMs - endMarginMs,
      unstored: 0,
      retired: false,
    });
  }

  /** Leases that are spent, expired or recalled go back as soon as their records are stored; one that gets lost expires. */
  function giveBack(): Promise<unknown> {
    const returns = [...accounts.values()].flatMap((account) => account.purse.takeReturnable());
    return Promise.all(
      returns.map((lease) => {
        const body: LeaseReturn = { lease: lease.id, spentMicroCredits: String(lease.spent) };
        return asking.ask(leaseSubjects.giveBack, body, askTimeoutMs);
      }),
    );
  }

  return {
    take,
    takeOrAsk,
    stored(tenant, lease) {
      accountOf(tenant, lease.scope).purse.stored(lease);
      if (lease.retired && lease.unstored === 0) void giveBack();
    },
    refused: (tenant, lease, amount) => accountOf(tenant, lease.scope).purse.refused(lease, amount),
    async close() {
      clearInterval(housekeeping);
      for (const account of accounts.values()) account.purse.retireAll();
      await giveBack();
    },
  };
}
