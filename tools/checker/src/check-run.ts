import { setTimeout as sleep } from 'node:timers/promises';
import { createGatherer, type Evidence } from './evidence.ts';
import type { InvariantResult } from './finding.ts';
import { doubledOf, duplicates, type Doubled } from './invariants/duplicates.ts';
import { addUsage, money, type Account, type Spent } from './invariants/money.ts';
import { noInvention } from './invariants/no-invention.ts';
import { noLoss } from './invariants/no-loss.ts';
import { reports } from './invariants/reports.ts';
import { secrets } from './invariants/secrets.ts';
import { probesOf, tenants as tenantsApart, type Probe } from './invariants/tenants.ts';
import type { Hop, Platform } from './platform.ts';
import { readJournal } from './read-journal.ts';
import { searchLogs } from './read-logs.ts';
import { untoldOf } from './untold.ts';

export interface CheckOptions {
  /** Files. All that the tenants submitted since `sinceMs` must be in them: what is not was submitted by nobody. */
  readonly journals: readonly string[];
  readonly platform: Platform;
  /** Messages that may be at a provider twice though no trace says why. Default 0. */
  readonly unnotedMax?: number;
  /** Whether journals of all providers are among them; default true. Without them nobody knows what arrived. */
  readonly providers?: boolean;
  /** Messages accepted before are not looked at, nor are sums of money; Unix ms. Default 0: all there are. */
  readonly sinceMs?: number;
  /** Asks again, for so long, while what is wrong may still come right: messages on their way, a ledger that is behind. Default 0. */
  readonly waitMs?: number;
  /** Strings that may stand in no file of the folder `logs`. */
  readonly secrets?: { readonly logs: string; readonly strings: readonly string[] } | undefined;
}

export interface CheckResult {
  readonly ok: boolean;
  /** By number; the seventh only where secrets were given. */
  readonly invariants: readonly InvariantResult[];
}

const betweenRoundsMsMin = 1_000;

/**
 * Joins what others saw of the platform with what it says itself. Rejects with `JournalFault` where a journal cannot be read, and as the
 * platform does where that cannot be asked.
 */
export async function checkRun({ waitMs = 0, ...options }: CheckOptions): Promise<CheckResult> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const began = Date.now();
    const invariants = await checkOnce(options);
    const ok = invariants.every((one) => one.ok);
    const pending = invariants.some(({ pendingCount }) => pendingCount > 0);
    const pauseMs = Math.max(betweenRoundsMsMin, Date.now() - began);
    if (ok || !pending || Date.now() + pauseMs > deadline) return { ok, invariants };
    await sleep(pauseMs);
  }
}

async function checkOnce({
  journals,
  platform,
  unnotedMax = 0,
  providers = true,
  sinceMs = 0,
  secrets: searched,
}: Omit<CheckOptions, 'waitMs'>): Promise<InvariantResult[]> {
  const evidence = await gather(journals, platform, sinceMs);
  const untold = untoldOf(evidence);
  const doubled = providers ? doubledOf(evidence) : [];
  const traces = await tracesOf(doubled, platform);
  const accounts = await inTurn([...evidence.tenants], (tenant) => accountOf(tenant, platform, sinceMs));
  const probes = await inTurn(probesOf(evidence), async (probe): Promise<Probe> => {
    return { ...probe, seen: (await platform.trace(probe.by, probe.id)) !== undefined };
  });
  const differences = await platform.differences();
  return [
    noLoss(evidence, { providers }),
    noInvention(evidence, untold),
    duplicates(evidence, doubled, traces, unnotedMax),
    money({ accounts, untold, differences, whole: sinceMs === 0 }),
    reports(evidence),
    tenantsApart(evidence, untold, probes),
    ...(searched ? [await noSecrets(searched)] : []),
  ];
}

async function gather(journals: readonly string[], platform: Platform, sinceMs: number): Promise<Evidence> {
  const { evidence, journal, listed, tenant: also } = createGatherer();
  for (const file of journals) {
    const { read, end } = journal();
    for await (const lines of readJournal(file)) read(lines);
    end();
  }
  platform.tenants.forEach(also);
  for (const tenant of evidence.tenants) for await (const page of platform.messages(tenant, sinceMs)) listed(tenant, page);
  return evidence;
}

async function accountOf(tenant: string, platform: Platform, sinceMs: number): Promise<Account> {
  const spent: Spent = { messages: 0, charged: 0n, refunded: 0n, overRefunded: [] };
  for await (const page of platform.usage(tenant, sinceMs)) addUsage(spent, page);
  return { tenant, spent, balance: await platform.balance(tenant) };
}

async function tracesOf(doubled: readonly Doubled[], platform: Platform): Promise<ReadonlyMap<string, readonly Hop[]>> {
  const of = doubled.flatMap((one) => one.of);
  return new Map(await inTurn(of, async ({ tenant, id }) => [id, (await platform.trace(tenant, id)) ?? []] as const));
}

async function noSecrets({ logs, strings }: NonNullable<CheckOptions['secrets']>): Promise<InvariantResult> {
  const { leaks, ...counted } = await searchLogs(logs, strings);
  return secrets(leaks, { ...counted, secrets: strings.length });
}

/** One after the other: the platform may have other things to do. */
async function inTurn<Item, Made>(items: readonly Item[], make: (item: Item) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}
