import {
  historySubjects,
  historyTenantsMax,
  statsHourMs,
  withoutDashes,
  type FinalState,
  type RefundableAnswer,
  type RefundableQuestion,
  type ReportedAnswer,
  type ReportedMessage,
  type ReportedQuestion,
} from '@heliograph/message';
import type { BillingDatabase } from './database.ts';
import { judgeRefunds, type GivenRefund } from './judge-refunds.ts';
import { createPace, type Pace } from './pace.ts';
import type { Comparison } from './reconcile-book.ts';
import { askMsMax, caughtUpMsMax, type Look, type LookContext } from './reconcile-look.ts';
import type { RefundRule } from './refund-rules.ts';

const dayMs = 24 * statsHourMs;
/** How long after an hour its messages are looked at: most have ended then; those that wait a day; those that nothing is heard of (3 days); all (valid for 7 days at most). */
const delays = { soon: 10 * 60_000, day: dayMs, silent: 4 * dayMs, last: 14 * dayMs } as const;
/** A report and its refund are at most so far apart when all is caught up, clocks included. */
const settlesMs = 2 * 60_000;
/** An id is made within this of its message's acceptance, where it is the younger. */
const acceptedBeforeIdMs = 60_000;
const samplesMax = 10;
/** 10,000 messages a second of one tenant are 600,000 in it: less than a second. */
const spanMsMin = 60_000;

type Rules = ReadonlyMap<string, RefundRule>;

/**
 * Per tenant and hour of the messages' ids: what was given back is what the messages cost that ended as its price plan refunds. Measured: 1 µs
 * of PostgreSQL a message of tenants that have some, at each of the four times that its hour is looked at.
 */
export function createLookAtRefunds(): Look {
  const pace = createPace({ min: spanMsMin, max: statsHourMs });
  return (context, nowMs) => lookAtRefunds(context, pace, nowMs);
}

async function lookAtRefunds(context: LookContext, pace: Pace, nowMs: number): Promise<boolean> {
  const rules = await context.rules.observe(nowMs);
  for (const { tenant, subject } of await context.book.open('refund')) {
    if (!context.goesOn()) return false;
    const compared = await compareHour(context, { rules, hourMs: Date.parse(subject), tenants: [tenant], pace, nowMs });
    if (!(await context.note('refund', compared, nowMs))) return false;
  }
  let all = true;
  for (const [delay, delayMs] of Object.entries(delays)) {
    all = (await lookOn(context, { rules, name: `refund ${delay}`, delayMs, pace, nowMs })) && all;
  }
  return all;
}

interface LookOn {
  readonly rules: Rules;
  readonly name: string;
  readonly delayMs: number;
  /** Of the ms of ids that are asked for at once. */
  readonly pace: Pace;
  readonly nowMs: number;
}

/** Hour by hour, and in each by tenant. */
async function lookOn(context: LookContext, { rules, name, delayMs, pace, nowMs }: LookOn): Promise<boolean> {
  let at = (await context.progress.read(name)) ?? { atMs: await firstHour(context.database, nowMs), id: '' };
  while (at.atMs + statsHourMs + delayMs <= nowMs) {
    if (!context.goesOn()) return false;
    const { atMs: hourMs, id: after } = at;
    const tenants = (await tenantsOf(context, hourMs, rules)).filter((tenant) => tenant > after).slice(0, historyTenantsMax);
    const compared = await compareHour(context, { rules, hourMs, tenants, pace, nowMs });
    // one side cannot say now: the same the next time
    if (!(await context.note('refund', compared, nowMs))) return false;
    const last = tenants.at(-1);
    at = last !== undefined && tenants.length === historyTenantsMax ? { atMs: hourMs, id: last } : { atMs: hourMs + statsHourMs, id: '' };
    await context.progress.write(name, at);
  }
  return true;
}

/** Nothing was charged before the first lease, so nothing was given back. */
async function firstHour(database: BillingDatabase, nowMs: number): Promise<number> {
  const [first] = await database.$queryRaw<{ at: Date }[]>`
    SELECT granted_at AS at FROM billing.lease ORDER BY id LIMIT 1`;
  const [given] = await database.$queryRaw<{ at: Date | null }[]>`
    SELECT uuid_extract_timestamp(message_id) AS at FROM billing.refund ORDER BY message_id LIMIT 1`;
  const atMs = Math.min(first?.at.getTime() ?? nowMs, given?.at?.getTime() ?? nowMs);
  return Math.floor(atMs / statsHourMs) * statsHourMs;
}

/** By name: those whose plan refunds something, and those that were given something back. */
async function tenantsOf({ database, plans }: LookContext, hourMs: number, rules: Rules): Promise<string[]> {
  const given = await database.$queryRaw<{ tenant: string }[]>`
    SELECT DISTINCT tenant FROM billing.refund WHERE message_id >= ${idAt(hourMs)}::uuid AND message_id < ${idAt(hourMs + statsHourMs)}::uuid`;
  const refunding = [...rules].filter(([tenant, { states }]) => states.size > 0 && plans.current.tenants.has(tenant));
  return [...new Set([...refunding.map(([tenant]) => tenant), ...given.map(({ tenant }) => tenant)])].sort();
}

interface HourToCompare {
  readonly rules: Rules;
  readonly hourMs: number;
  readonly tenants: readonly string[];
  readonly pace: Pace;
  readonly nowMs: number;
}

/** Sums first; message by message where they differ. Undefined: not now. */
async function compareHour(
  context: LookContext,
  { rules, hourMs, tenants, pace, nowMs }: HourToCompare,
): Promise<Comparison[] | undefined> {
  if (tenants.length === 0) return [];
  if (!(await context.caughtUp.refund(caughtUpMsMax))) return undefined;
  const refunds = await readRefunds(context.database, hourMs, tenants);
  const ruleOf = (tenant: string): RefundRule => rules.get(tenant) ?? { states: new Set<FinalState>(), sinceMs: nowMs };
  const asked = tenants.map((tenant) => ({ tenant, states: [...ruleOf(tenant).states] }));
  const ended = await askEnded(context, { hourMs, asked, pace });
  if (!ended) return undefined;

  const subject = new Date(hourMs).toISOString();
  const compared: Comparison[] = [];
  for (const [tenant, { messages, microCredits: expected, erasedUpToMs }] of ended) {
    const given = refunds.get(tenant) ?? [];
    const found = given.reduce((sum, refund) => sum + refund.microCredits, 0n);
    const all = { tenant, subject, expected, found };
    if (expected === found && messages === given.length) compared.push({ ...all, verdict: 'agrees' });
    else if (erasedUpToMs >= hourMs - acceptedBeforeIdMs) compared.push({ ...all, verdict: 'unknown' });
    else {
      const judged = await judgeHour(context, { tenant, hourMs, refunds: given, rule: ruleOf(tenant), pace, nowMs });
      if (!judged) return undefined;
      compared.push({ tenant, subject, ...judged });
    }
  }
  return compared;
}

interface Ended {
  readonly messages: number;
  readonly microCredits: bigint;
  readonly erasedUpToMs: number;
}

/** By tenant, added up over the parts of the hour. Undefined: not now; the next time it is asked in smaller parts, as it may take too long. */
async function askEnded(
  { queue }: LookContext,
  { hourMs, asked, pace }: { hourMs: number; asked: RefundableQuestion['tenants']; pace: Pace },
): Promise<ReadonlyMap<string, Ended> | undefined> {
  const ended = new Map<string, Ended>();
  for (const { fromMs, untilMs } of spansOf(hourMs, pace.size)) {
    const beganMs = performance.now();
    const answer = await queue.ask<RefundableAnswer>(historySubjects.refundable, { fromMs, untilMs, tenants: asked }, askMsMax);
    pace.took(performance.now() - beganMs);
    if (!answer?.complete) return undefined;
    for (const { tenant, messages, microCredits, erasedUpToMs } of answer.tenants) {
      const before = ended.get(tenant) ?? { messages: 0, microCredits: 0n, erasedUpToMs: 0 };
      ended.set(tenant, {
        messages: before.messages + messages,
        microCredits: before.microCredits + BigInt(microCredits),
        erasedUpToMs: Math.max(before.erasedUpToMs, erasedUpToMs),
      });
    }
  }
  return ended;
}

function* spansOf(hourMs: number, sizeMs: number): Generator<{ fromMs: number; untilMs: number }> {
  const endMs = hourMs + statsHourMs;
  for (let fromMs = hourMs; fromMs < endMs; fromMs += sizeMs) yield { fromMs, untilMs: Math.min(fromMs + sizeMs, endMs) };
}

interface HourToJudge {
  readonly tenant: string;
  readonly hourMs: number;
  readonly refunds: readonly GivenRefund[];
  readonly rule: RefundRule;
  readonly pace: Pace;
  readonly nowMs: number;
}

async function judgeHour(
  { queue }: LookContext,
  { tenant, hourMs, refunds, rule, pace, nowMs }: HourToJudge,
): Promise<Omit<Comparison, 'tenant' | 'subject'> | undefined> {
  const states = [...new Set([...rule.states, ...refunds.map(({ state }) => state)])];
  const messages: ReportedMessage[] = [];
  for (const span of spansOf(hourMs, pace.size)) {
    for (let after: string | undefined = ''; after !== undefined;) {
      const question: ReportedQuestion = { tenant, ...span, states, ...(after === '' ? {} : { after }) };
      const beganMs = performance.now();
      const answer: ReportedAnswer | undefined = await queue.ask<ReportedAnswer>(historySubjects.reported, question, askMsMax);
      pace.took(performance.now() - beganMs);
      if (!answer) return undefined;
      if (answer.erasedUpToMs >= hourMs - acceptedBeforeIdMs) return { expected: 0n, found: 0n, verdict: 'unknown' };
      messages.push(...answer.messages);
      after = answer.next;
    }
  }
  const { expected, found, wrong } = judgeRefunds({ refunds, messages, rule, settledBeforeMs: nowMs - settlesMs });
  return { expected, found, verdict: wrong.length > 0 ? 'differs' : 'agrees', samples: wrong.slice(0, samplesMax) };
}

/** By tenant. */
async function readRefunds(
  database: BillingDatabase,
  hourMs: number,
  tenants: readonly string[],
): Promise<ReadonlyMap<string, readonly GivenRefund[]>> {
  const rows = await database.refund.findMany({
    where: { messageId: { gte: idAt(hourMs), lt: idAt(hourMs + statsHourMs) }, tenant: { in: [...tenants] } },
  });
  return Map.groupBy(
    rows.map(({ messageId, tenant, state, microCredits, at }) => ({
      messageId: withoutDashes(messageId),
      tenant,
      state: state as FinalState,
      microCredits,
      atMs: at.getTime(),
    })),
    ({ tenant }) => tenant,
  );
}

/** The lowest id of that time (RFC 9562 §5.7). */
function idAt(ms: number): string {
  return ms.toString(16).padStart(12, '0').padEnd(32, '0');
}
