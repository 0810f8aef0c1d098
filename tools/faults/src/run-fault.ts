import type { CheckResult, InvariantNumber } from '@heliograph/checker';
import { createRandom, eventually } from '@heliograph/testbed';
import type { Fault } from './fault.ts';
import { startLoad, type Load } from './load.ts';
import { openRig, type Rig } from './rig.ts';
import { createStory, type Story } from './story.ts';

export interface RunOptions {
  readonly seed: number;
  /** Messages of a run, at least: they go on while the fault does. */
  readonly messages: number;
  /** Default 300. */
  readonly perSecond?: number;
  /** Each line of the story as it is written. */
  readonly heard?: (line: string) => void;
}

export interface FaultResult {
  readonly fault: string;
  readonly group: Fault['group'];
  readonly seed: number;
  readonly messages: number;
  readonly lost: number;
  /** At the provider more than once: their traces say why. */
  readonly doubled: number;
  /** And these do not. */
  readonly unnoted: number;
  readonly chargedTwice: number;
  readonly reportsMissing: number;
  /** Answers to clients other than an acceptance, by their words. */
  readonly errors: Readonly<Record<string, number>>;
  /** Longest time without any acceptance, from the fault's beginning on. */
  readonly pauseS: number;
  /** From the fault's end until a message is accepted that was submitted after it. */
  readonly againS: number;
  /** From the fault's end until every message is final and reported. */
  readonly finalS: number;
  /** Why it failed; empty: it did not. */
  readonly failures: readonly string[];
  readonly story: string;
  /** Folders that were kept. */
  readonly kept: readonly string[];
}

export const perSecondDefault = 300;
/** Of all messages, that are submitted after the fault's end. */
const tailShare = 0.15;
const finalWithinMs = 180_000;
const settledWithinMs = 30_000;

/** Each fault on a stack of its own, unless `together`: load, fault, more load; then everything must come right, and the journals must agree. */
export async function runFaults(
  faults: readonly Fault[],
  options: RunOptions,
  done: (result: FaultResult) => void = () => {},
): Promise<FaultResult[]> {
  const results: FaultResult[] = [];
  const first = faults[0];
  if (!first) return results;
  const rig = await openRig(first);
  let kept: readonly string[] = [];
  try {
    let before = noCounts;
    let [submitted, unnotedMax] = [0, 0];
    for (const fault of faults) {
      unnotedMax += fault.allowed?.unnotedMax ?? 0;
      const { counts, isSound, ...result } = await runOne(fault, { rig, unnotedMax, first: submitted, ...options });
      // the check is of all that happened on this stack
      results.push({ ...result, ...minus(counts, before), kept: [rig.stack.ready.data, rig.folder] });
      submitted += result.messages;
      before = counts;
      done(results.at(-1) as FaultResult);
      // what is wrong now would be held against the next one
      if (!isSound) break;
    }
    if (results.some(({ failures }) => failures.length > 0)) kept = [rig.stack.ready.data, rig.folder];
  } finally {
    await rig.close({ keep: kept.length > 0 });
  }
  return results.map((result) => ({ ...result, kept }));
}

/** Whether it can be done to a stack on which others were done. */
export function isModest(fault: Fault): boolean {
  return fault.stack === undefined && fault.carrier === undefined;
}

type OneResult = Omit<FaultResult, keyof Counts | 'kept'> & { readonly counts: Counts; readonly isSound: boolean };

async function runOne(
  fault: Fault,
  { rig, unnotedMax, ...options }: RunOptions & { rig: Rig; unnotedMax: number; first: number },
): Promise<OneResult> {
  const story = createStory(Date.now, options.heard);
  story.say(`${fault.name}, seed ${options.seed}; data in ${rig.stack.ready.data}, journals in ${rig.folder}`);
  const failures: string[] = [];
  let measured: Measured | undefined;
  let checked: CheckResult | undefined;
  try {
    await rig.connect(fault.connector ?? {});
    measured = await strikeUnderLoad(fault, rig, story, options);
    failures.push(...measured.failures);
    checked = await rig.check({ unnotedMax, waitMs: settledWithinMs });
    failures.push(...violationsOf(checked));
    story.say('the journals are read');
  } catch (error) {
    failures.push((error as Error).stack ?? String(error));
  }
  for (const failure of failures) story.say(`FAILED: ${failure}`);
  const nothing: Measured = { messages: 0, errors: {}, pauseS: NaN, againS: NaN, finalS: NaN, failures };
  const { name, group } = fault;
  return {
    ...(measured ?? nothing),
    fault: name,
    group,
    seed: options.seed,
    failures,
    story: story.text,
    counts: countsOf(checked),
    isSound: checked?.ok ?? false,
  };
}

export type Measured = Pick<FaultResult, 'messages' | 'errors' | 'pauseS' | 'againS' | 'finalS' | 'failures'>;

/** The journals are not looked at here: several faults may be done to one rig. */
export async function strikeUnderLoad(
  fault: Fault,
  rig: Rig,
  story: Story,
  options: RunOptions & { readonly first?: number },
): Promise<Measured> {
  const { perSecond = perSecondDefault, first = 0 } = options;
  const load = startLoad({ submitters: rig.submitters, perSecond, first });
  try {
    return await strikeAmid(load, fault, rig, story, options);
  } finally {
    load.stop();
  }
}

async function strikeAmid(load: Load, fault: Fault, rig: Rig, story: Story, options: RunOptions): Promise<Measured> {
  const { seed, messages: messagesDefault } = options;
  const random = createRandom(seed);
  const messages = fault.messages ?? messagesDefault;
  rig.takeErrors();
  const share = 0.15 + random() * 0.35;
  await load.reached(Math.floor(messages * share));
  story.say(`${load.acceptedCount()} messages are accepted: the fault begins`);
  load.watchPause();
  const { stack, carrier, receivers, asTenant, operate } = rig;
  await fault.strike({ stack, carrier, receivers, asTenant, operate, random, accepted: load.acceptedCount, say: story.say });
  const endedMs = Date.now();
  story.say(`the fault is over; ${load.acceptedCount()} messages are accepted`);
  const failures: string[] = [];
  const againAtMs = await within('messages are accepted again', load.acceptsAgain());
  story.say('messages are accepted again');
  await within('every message is accepted', load.finish(Math.max(messages, Math.ceil(load.acceptedCount() * (1 + tailShare)))));
  const pauseS = load.longestPauseMs() / 1000;
  story.say(`all ${load.acceptedCount()} messages are accepted; longest pause ${pauseS.toFixed(1)} s`);
  await settled(rig, load).catch((error: unknown) => failures.push((error as Error).message));
  const finalS = (Date.now() - endedMs) / 1000;
  story.say('every message is final and reported');
  const errors = rig.takeErrors();
  const unheard = Object.keys(errors).filter((word) => !(fault.allowed?.refusals ?? []).includes(word));
  if (unheard.length > 0) failures.push(`clients were answered ${unheard.map((word) => `${word} (${errors[word]})`).join(', ')}`);
  return { messages: load.acceptedCount(), errors, pauseS, againS: (againAtMs - endedMs) / 1000, finalS, failures };
}

async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${finalWithinMs / 1000} s`)), finalWithinMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Resolves when the platform has each message in a final state, and each tenant was told of each. */
async function settled(rig: Rig, load: Load): Promise<void> {
  const open = load.accepted().map(({ tenant, ids }) => ({ tenant, ids: new Set(ids) }));
  await eventually(
    'every message is final and reported',
    async () => {
      for (const { tenant, ids } of open) for (const id of ids) if (rig.isReported(tenant, id)) ids.delete(id);
      const unreported = open.reduce((sum, { ids }) => sum + ids.size, 0);
      const unfinished: string[] = [];
      for (const { tenant } of open) {
        const { byState } = await rig.asTenant<{ byState: Record<string, number> }>(tenant, 'GET', '/v1/stats');
        for (const state of ['accepted', 'scheduled', 'routed', 'sent'])
          if (byState[state]) unfinished.push(`${tenant}: ${byState[state]} ${state}`);
      }
      if (unreported === 0 && unfinished.length === 0) return true;
      throw new Error(
        `${unreported} unreported (${open
          .flatMap(({ ids }) => [...ids])
          .slice(0, 3)
          .join(', ')}); ${unfinished.join(', ')}`,
      );
    },
    finalWithinMs,
  );
}

export function violationsOf({ invariants }: CheckResult): string[] {
  return invariants
    .filter(({ ok }) => !ok)
    .map(({ invariant, words, violationCount, violations }) => {
      const examples = violations.slice(0, 5).map((violation) => JSON.stringify(violation));
      return `invariant ${invariant} (${words}): ${violationCount} violations: ${examples.join(' ')}`;
    });
}

type Counts = Pick<FaultResult, 'lost' | 'doubled' | 'unnoted' | 'chargedTwice' | 'reportsMissing'>;
const noCounts: Counts = { lost: 0, doubled: 0, unnoted: 0, chargedTwice: 0, reportsMissing: 0 };

/** The columns of the table. Without a check nothing is known. */
export function countsOf(checked: CheckResult | undefined): Counts {
  const found = (invariant: InvariantNumber) => checked?.invariants.find((one) => one.invariant === invariant);
  const count = (invariant: InvariantNumber, ...names: string[]): number => {
    const counts = found(invariant)?.counts;
    return counts ? names.reduce((sum, name) => sum + (counts[name] ?? 0), 0) : NaN;
  };
  return {
    lost: count(1, 'missing', 'unfinished', 'not arrived'),
    doubled: count(3, 'explained'),
    unnoted: count(3, 'unnoted'),
    chargedTwice: found(4)?.violationCount ?? NaN,
    reportsMissing: count(5, 'missing'),
  };
}

function minus(counts: Counts, before: Counts): Counts {
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name, count - before[name as keyof Counts]]),
  ) as unknown as Counts;
}
