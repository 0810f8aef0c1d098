import { isId, withoutDashes, type MessageListAnswer, type MessageListQuestion } from '@heliograph/message';
import type { Database } from './history.ts';
import { messageOf } from './shown.ts';
import { hoursWith } from './tally.ts';

/** Messages of a part of the history, by their ids: from `lower` on, before `upper`. */
export interface Span {
  readonly lower: string;
  readonly upper: string;
}

export interface SearchLimits {
  /** A search looks at so many messages in one statement. */
  readonly lookedAtOnce: number;
  /** After this time it answers with what it has. */
  readonly searchMsMax: number;
}

/** Some 20 ms when nothing that is wanted is among them (measured: a million in 1.1 s); and long before whoever asks loses patience (5 s). */
const usualLimits: SearchLimits = { lookedAtOnce: 20_000, searchMsMax: 1_000 };

/** An id has the time at which its submission came first: a retry with the same Idempotency-Key may be accepted two days after it. */
const idOlderMsMax = 49 * 3_600_000;
/** And is made a moment before the time of acceptance is read, on the same clock. */
const idYoungerMsMax = 60_000;

/**
 * Newest first. What there is an index for (`to`, `reference`) is found by it, and a state in the hours that have it by the tally; everything else is
 * compared, message by message, and so a page may end before it is full.
 */
export async function search(database: Database, question: MessageListQuestion, limits = usualLimits): Promise<MessageListAnswer> {
  const { tenant, limit } = question;
  const { lookedAtOnce, searchMsMax } = limits;
  const untilMs = performance.now() + searchMsMax;
  const found: string[] = [];
  const answer = async (next?: string): Promise<MessageListAnswer> => {
    const ids = found.slice(0, limit);
    const rows = ids.length === 0 ? [] : await database.message.findMany({ where: { tenant, id: { in: ids } }, orderBy: { id: 'desc' } });
    return { messages: rows.map(messageOf), ...(next === undefined ? {} : { next }) };
  };
  const spans = await spansOf(database, question);
  for (const span of spans) {
    for (let upper: string | undefined = span.upper; upper !== undefined;) {
      const part: Span = { lower: span.lower, upper };
      found.push(...(await look(database, question, part, { lookedAtOnce, wanted: limit + 1 - found.length })));
      if (found.length > limit) return answer(found[limit - 1]);
      upper = await lookedUpTo(database, question, part, lookedAtOnce);
      const left = upper ?? (span === spans.at(-1) ? undefined : span.lower);
      if (left !== undefined && performance.now() > untilMs) return answer(left);
    }
  }
  return answer();
}

async function spansOf(database: Database, question: MessageListQuestion): Promise<readonly Span[]> {
  const { tenant, state, to, reference, before = idLast, sinceMs, untilMs } = question;
  const whole: Span = {
    lower: sinceMs === undefined ? idFirst : lowestIdSince(sinceMs),
    upper: min(before, untilMs === undefined ? idLast : idsBefore(untilMs)),
  };
  if (state === undefined || to !== undefined || reference !== undefined) return [whole];
  return spansOfHours(await hoursWith(database, tenant, state), whole);
}

/** No message that was accepted then or later has a lower id. */
export function lowestIdSince(ms: number): string {
  return idAt(ms - idOlderMsMax);
}

/** Every message that was accepted before then has a lower id. */
export function idsBefore(ms: number): string {
  return idAt(ms + idYoungerMsMax);
}

/** `hoursMs` in any order: adjoining ones as one span, the newest first, as far as they are in `within`. */
export function spansOfHours(hoursMs: readonly number[], within: Span): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const fromMs of hoursMs.toSorted((a, b) => b - a)) {
    const last = spans.at(-1);
    if (last?.fromMs === fromMs + hourMs) last.fromMs = fromMs;
    else spans.push({ fromMs, toMs: fromMs + hourMs });
  }
  return spans
    .map(({ fromMs, toMs }) => ({ lower: max(idAt(fromMs), within.lower), upper: min(idAt(toMs), within.upper) }))
    .filter(({ lower, upper }) => lower < upper);
}

/** Not called `id`: that would be what is sorted by, as a text, without an index. */
interface Found {
  readonly found: string;
}

/** Ids of those that are wanted, among the newest of a span. */
async function look(
  database: Database,
  question: MessageListQuestion,
  span: Span,
  { lookedAtOnce, wanted }: { lookedAtOnce: number; wanted: number },
): Promise<string[]> {
  const { state, from, class: messageClass, sinceMs, untilMs } = question;
  const given = values();
  const looked = lookedAt(question, span, given);
  const conditions = [
    'accepted_at IS NOT NULL',
    ...(state === undefined ? [] : [`state = ${given.put(state)}`]),
    ...(from === undefined ? [] : [`from_addr = ${given.put(from)}`]),
    ...(messageClass === undefined ? [] : [`class = ${given.put(messageClass)}`]),
    ...(sinceMs === undefined ? [] : [`accepted_at >= ${given.put(new Date(sinceMs))}::timestamptz`]),
    ...(untilMs === undefined ? [] : [`accepted_at < ${given.put(new Date(untilMs))}::timestamptz`]),
  ];
  const sql = `
    SELECT id::text AS found FROM (
      SELECT id, accepted_at, state, from_addr, class ${looked} LIMIT ${lookedAtOnce}
    ) AS looked_at
    WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ${given.put(wanted)}`;
  return (await database.$queryRawUnsafe<Found[]>(sql, ...given.all)).map(({ found }) => withoutDashes(found));
}

/** The oldest that a look at the span has come to, when there are others after it. */
async function lookedUpTo(
  database: Database,
  question: MessageListQuestion,
  span: Span,
  lookedAtOnce: number,
): Promise<string | undefined> {
  const given = values();
  const sql = `SELECT id::text AS found ${lookedAt(question, span, given)} OFFSET ${lookedAtOnce - 1} LIMIT 1`;
  const [last] = await database.$queryRawUnsafe<Found[]>(sql, ...given.all);
  return last && withoutDashes(last.found);
}

function lookedAt({ tenant, to, reference }: MessageListQuestion, { lower, upper }: Span, given: Values): string {
  const conditions = [
    `tenant = ${given.put(tenant)}`,
    `id >= ${given.put(lower)}::uuid`,
    `id < ${given.put(upper)}::uuid`,
    ...(to === undefined ? [] : [`to_addr = ${given.put(to)}`]),
    ...(reference === undefined ? [] : [`reference = ${given.put(reference)}`]),
  ];
  return `FROM message_log.message WHERE ${conditions.join(' AND ')} ORDER BY id DESC`;
}

interface Values {
  readonly all: readonly unknown[];
  /** The parameter that stands for it. */
  put(value: unknown): string;
}

function values(): Values {
  const all: unknown[] = [];
  return { all, put: (value) => `$${all.push(value)}` };
}

const hourMs = 3_600_000;
const idFirst = '0'.repeat(32);
const idLast = 'f'.repeat(32);

/** The lowest that an id of that time can be (RFC 9562 §5.7). */
export function idAt(ms: number): string {
  const time = Math.min(Math.max(0, Math.trunc(ms)), 2 ** 48 - 1);
  return time.toString(16).padStart(12, '0').padEnd(32, '0');
}

function min(a: string, b: string): string {
  return a < b ? a : b;
}

function max(a: string, b: string): string {
  return a > b ? a : b;
}

/** A question from outside, as far as it can be answered. */
export function isSearchable({ before, to, from, reference }: MessageListQuestion): boolean {
  // PostgreSQL has no U+0000, so nothing is found by it
  return (before === undefined || isId(before)) && [to, from, reference].every((text) => text === undefined || !text.includes('\0'));
}
