import type { Message } from '@heliograph/message';
import { QueueUnavailableError, type Queue } from '@heliograph/queue';
import { guardsOf, type RegistryWatch } from '@heliograph/registry';
import { counter, newTraceparent, isSampled, recordSpan } from '@heliograph/service';
import { cappedDetail, capScopeOf } from './caps.ts';
import { decide, type Decision } from './decide.ts';
import { createLoadGate } from './load-gate.ts';
import { createVelocityGuard } from './guard-velocity.ts';
import type { HeldLease } from './purse.ts';
import type { Acceptance, Submission } from './submission.ts';
import { createThrottle, takeFromAll, type Pace, type PaceLeft, type Throttle } from './throttle.ts';
import { createWallet } from './wallet.ts';

/** The one submit path under every door. */
export interface Accept {
  /**
   * Answers when the message and its charge are one durable record, or says why not; never rejects. The credential's pace is that of
   * `session`; without one, of all that this process takes from the credential.
   */
  submit(submission: Submission, session?: Throttle): Promise<Acceptance>;
  /** What `submit` would make of it at this moment, were there credit within the caps and nothing else under way: nothing is stored or charged. */
  preview(submission: Submission): Decision;
  /** What is left now, by the narrower limit, for those who send with the credential and without a session; undefined: there is no limit. */
  paceLeft(credential: string): PaceLeft | undefined;
  /** Submissions on their way to the stream. */
  readonly pending: number;
  /** Waits for them and gives the leases back. */
  close(): Promise<void>;
}

export interface AcceptOptions {
  readonly queue: Queue;
  readonly registry: RegistryWatch;
  /** This process: a subject token. */
  readonly instance: string;
  /** Submissions in work at once; more are refused as `throttled`. Default 20,000, which a process of 512 MB holds. */
  readonly inWorkMax?: number;
  /** Unix ms: what messages say, and what is due by it. */
  readonly now?: () => number;
  /** ms of a clock that nobody sets: credit, paces and guards go by it. */
  readonly steadyNow?: () => number;
}

const submissions = counter('heliograph_accept_submissions_total', 'Submissions by door and outcome');

/** Attributes are remembered by identity: one object each, kept. Doors and reasons are a few dozen. */
const attributes = new Map<string, { readonly door: string; readonly outcome: string }>();

function attributesOf(door: string, outcome: string): { readonly door: string; readonly outcome: string } {
  const key = `${door} ${outcome}`;
  let known = attributes.get(key);
  if (!known) attributes.set(key, (known = { door, outcome }));
  return known;
}

export function createAccept({
  queue,
  registry,
  instance,
  inWorkMax = 20_000,
  now = Date.now,
  steadyNow = () => performance.now(),
}: AcceptOptions): Accept {
  const gate = createLoadGate(inWorkMax);
  const wallet = createWallet({ asking: queue, ingress: instance, steadyNow, now });
  const inWork = new Set<Promise<Acceptance>>();
  const throttles = createThrottles(registry);
  const velocity = createVelocityGuard();

  function submit(submission: Submission, session?: Throttle): Promise<Acceptance> {
    const { door, credential } = submission;
    const tenant = registry.current.credentials.get(credential)?.tenantId ?? credential;
    if (!gate.enter(tenant)) {
      submissions.add(1, attributesOf(door, overloaded.reason));
      return Promise.resolve(overloaded);
    }
    const answer = accept(submission, session);
    inWork.add(answer);
    void answer.then((acceptance) => {
      gate.leave(tenant);
      inWork.delete(answer);
      submissions.add(1, attributesOf(door, acceptance.ok ? 'accepted' : acceptance.reason));
    });
    return answer;
  }

  async function accept(submission: Submission, session?: Throttle): Promise<Acceptance> {
    const decision = decide(submission, registry.current, now());
    if (!decision.ok) return decision;
    const retryAfterMs = throttles.take(decision.message, session, steadyNow());
    if (retryAfterMs > 0) return { ok: false, reason: 'throttled', detail: 'more segments a second than you may send', retryAfterMs };
    const { tenant, test } = decision.message;
    const guards = guardsOf(registry.current.tenants.get(tenant) ?? {});
    const digits = decision.message.to.slice(1);
    const scope = capScopeOf(digits, guards);
    const free = decision.microCredits === 0n;
    let lease = free ? undefined : wallet.take(tenant, decision.microCredits, scope);
    if (!lease && !free) {
      const taken = await wallet.takeOrAsk(tenant, decision.microCredits, scope);
      if (taken.kind === 'no_credit') return { ok: false, reason: 'no_credit', detail: 'the balance does not cover this message' };
      if (taken.kind === 'capped') return { ok: false, reason: 'spending_cap', detail: cappedDetail(taken.prefix) };
      if (taken.kind === 'unavailable')
        return { ok: false, reason: 'unavailable', detail: 'credit cannot be checked now, nothing was charged' };
      lease = taken.lease;
    }
    // from here to the publish nothing waits
    if (now() > (submission.beginBeforeMs ?? Number.POSITIVE_INFINITY)) {
      if (lease) wallet.refused(tenant, lease, decision.microCredits);
      return { ok: false, reason: 'unavailable', detail: 'it took too long, nothing was charged' };
    }
    const held = test ? undefined : velocity.count({ tenant, digits }, guards, steadyNow());
    return store(held === undefined ? decision : { ...decision, message: { ...decision.message, held } }, lease);
  }

  /** Without a lease: what costs nothing, as a test message, is covered by none. */
  async function store({ message, microCredits }: Extract<Decision, { ok: true }>, lease: HeldLease | undefined): Promise<Acceptance> {
    const charged = traced({ ...message, charge: { lease: lease?.id ?? '', microCredits: String(microCredits) } });
    try {
      await queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message: charged });
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      if (error.stored === 'no') {
        if (lease) wallet.refused(message.tenant, lease, microCredits);
        return { ok: false, reason: 'queue_full', detail: 'too many messages wait to be sent, nothing was charged' };
      }
      // Not known to be stored: the charge stands, as the record may be there; the tenant is told to try again.
      if (lease) wallet.stored(message.tenant, lease);
      return { ok: false, reason: 'unavailable', detail: notKnownWhether, mayBeStored: true };
    }
    if (lease) wallet.stored(message.tenant, lease);
    if (charged.traceparent) {
      recordSpan('accept', {
        traceparent: charged.traceparent,
        startMs: message.acceptedAtMs,
        endMs: now(),
        attributes: { door: message.door, tenant: message.tenant, segments: message.segments },
      });
    }
    return { ok: true, id: message.id, to: message.to, segments: message.segments, microCredits };
  }

  return {
    submit,
    preview: (submission) => decide(submission, registry.current, now()),
    paceLeft: (credential) => throttles.left(credential, steadyNow()),
    get pending() {
      return inWork.size;
    },
    async close() {
      await Promise.all(inWork);
      await wallet.close();
    },
  };
}

/** One for each tenant and each credential that sends without a session; as many as the registry has, so they are kept. */
function createThrottles(registry: RegistryWatch) {
  const kept = new Map<string, Throttle>();
  function of(id: string): Throttle {
    let throttle = kept.get(id);
    if (!throttle) kept.set(id, (throttle = createThrottle()));
    return throttle;
  }
  /** What limits the messages of a credential: none where neither it nor its tenant has a pace. */
  function limitsOf(credential: string, session?: Throttle): readonly (readonly [Throttle, Pace])[] {
    const { tenants, credentials } = registry.current;
    const own = credentials.get(credential);
    const whole = own && tenants.get(own.tenantId);
    if (!whole?.segmentsPerSecond && !own?.segmentsPerSecond) return unlimited;
    return [
      ...(whole ? ([[of(`tenant ${whole.id}`), { ...whole, burstSegments: 0 }]] as const) : []),
      ...(own ? ([[session ?? of(`credential ${credential}`), own]] as const) : []),
    ];
  }
  return {
    /** Time to wait, ms; 0: taken. */
    take({ credential, segments }: Pick<Message, 'credential' | 'segments'>, session: Throttle | undefined, nowMs: number): number {
      const limits = limitsOf(credential, session);
      return limits.length === 0 ? 0 : takeFromAll(limits, segments, nowMs);
    },
    left(credential: string, nowMs: number): PaceLeft | undefined {
      const all = limitsOf(credential).filter(([, { segmentsPerSecond }]) => segmentsPerSecond > 0);
      const left = all.map(([throttle, pace]) => throttle.left(pace, nowMs));
      return left.sort((a, b) => a.segments - b.segments || b.fullInMs - a.fullInMs)[0];
    },
  };
}

const unlimited: readonly [] = [];

const notKnownWhether = 'the stream does not answer: nobody knows now whether the message is stored, so it may be sent and charged';

const overloaded = {
  ok: false,
  reason: 'throttled',
  detail: 'too many of your messages are in work at once',
  retryAfterMs: 1_000,
} as const;

/** A sampled message's trace id is its own id, so that its trace is found without looking anything up. */
function traced(message: Message): Message {
  const traceparent = newTraceparent();
  return isSampled(traceparent) ? { ...message, traceparent: `00-${message.id}-${traceparent.slice(36)}` } : message;
}
