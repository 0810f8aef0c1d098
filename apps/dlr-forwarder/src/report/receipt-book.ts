import {
  headOf,
  withoutDashes,
  type Attempt,
  type FailureReason,
  type FinalState,
  type Message,
  type MessageFailed,
  type MessageHead,
  type MessageSent,
} from '@heliograph/message';
import { Prisma } from '../../generated/client.ts';
import { lastAttempts, specialParts, usualParts } from './attempts.ts';
import { arrayLiteral, separator, storable, type Database } from '../database.ts';
import { asksForReport, endingOfFailed, type Ending, type SegmentReceipt } from './report.ts';

/** Where a receipt belongs: `providerId` is unique within the connector group, as far as the provider keeps its word. */
export interface SegmentKey {
  readonly group: string;
  readonly providerId: string;
}

export interface KeyedReceipt extends SegmentKey {
  readonly receipt: SegmentReceipt;
}

/** A segment of which both the message and a receipt are known. */
export interface MatchedSegment extends SegmentKey {
  readonly messageId: string;
  /** Of the message: 1 = at the first connector. */
  readonly attempt: number;
  /** Of the whole message. */
  readonly segments: number;
  readonly receipt: SegmentReceipt;
}

/** How an attempt ended. */
export interface AttemptEnding extends Ending {
  readonly attempt: number;
}

/** A message with its final state. */
export interface EndedMessage {
  readonly head: MessageHead;
  readonly ending: Ending;
  /** It does not end so: it goes on to its next route with this. */
  readonly again?: Attempt;
}

/**
 * What is known of messages and their receipts, in Postgres. Every statement is for many messages, committed by itself, and may be
 * repeated: after a crash the events come again and lead to the same rows.
 *
 * message.sent and its receipt may be handled at the same moment by different processes, and neither may miss the other. So both write
 * the same row, keyed (connector group, provider id): the unique key lets one make it, and the other waits for that commit, adds its half and sees both
 * (INSERT … ON CONFLICT DO UPDATE reads the row as last committed). Likewise for the segments of one message: each receipt is committed
 * before the message's receipts are read, so who reads last sees all of them; `end` lets only one win. (A receipt that finds its message of one
 * segment already there needs no row of its own: it only ends the message.)
 *
 * A message that goes on to another connector has one row for all its attempts, which is about the last of them. An earlier one ends it only
 * when the handset has it.
 * Rows are written in the order of their keys, so that batches which share rows do not wait for each other in a circle. The planner is free
 * to take another order: should Postgres find a deadlock, the queue tries the batch again, which is safe.
 */
export interface ReceiptBook {
  /** Remembers sent messages; gives the segments whose receipt is here already. */
  putSent(events: readonly MessageSent[]): Promise<MatchedSegment[]>;
  /** Keeps receipts, one for each key; gives those whose message is known. The others wait for it. */
  putReceipts(receipts: readonly KeyedReceipt[]): Promise<MatchedSegment[]>;
  /** Remembers failed messages; gives the ids of those that had not ended before. */
  putFailed(events: readonly MessageFailed[]): Promise<string[]>;
  /** The segments of these messages of which there are receipts, of all attempts. */
  receiptsOf(messageIds: readonly string[]): Promise<MatchedSegment[]>;
  /**
   * Ends messages, unless they have ended or this was not their last attempt and did not deliver them; `no_report` is lifted. One that may go on
   * is returned instead of ended. Gives those of which that was said now.
   */
  end(endings: ReadonlyMap<string, AttemptEnding>): Promise<Map<string, EndedMessage>>;
  /**
   * Of these messages, the heads of those that have not ended and are owed an intermediate notification. It counts as given from now on, once
   * for a message; those in `again` get it also when it was given.
   */
  takeIntermediate(messageIds: readonly string[], again: ReadonlySet<string>): Promise<Map<string, MessageHead>>;
  /** Those of the messages that have ended, or are returned. */
  ended(messageIds: readonly string[]): Promise<Map<string, EndedMessage>>;
}

interface MatchedRow {
  connector_group: string;
  provider_id: string;
  message_id: string;
  segments: number;
  attempt: number;
  state: FinalState | 'sent';
  error_code: string;
  state_at: Date;
}

interface EndedRow {
  message_id: string;
  head: string;
  /** With `again`: as it would have ended. */
  state: FinalState;
  reason: FailureReason | '';
  error_code: string;
  final_at: Date;
  again: string | null;
}

export interface ReceiptBookOptions {
  /** After how long without a receipt a message of this connector ends, where it is not the platform's time. */
  readonly noReportAfterMsOf?: (connector: string) => number | undefined;
}

export function createReceiptBook(database: Database, { noReportAfterMsOf = () => undefined }: ReceiptBookOptions = {}): ReceiptBook {
  return {
    async putSent(given) {
      if (given.length === 0) return [];
      const special = given.some((event) => event.attempt !== undefined || event.again || noReportAfterMsOf(event.connector) !== undefined);
      const events = special ? lastAttempts(given) : given;
      const segments = segmentsOf(events);
      const counts = events.map((event) => countSegments(event.providerIds));
      // usually nothing of it is needed, and not even asked for: each column costs
      const { columns, selected, arrays, onConflict, also, segmentAttempt } = special
        ? specialParts(events, segments, noReportAfterMsOf)
        : usualParts;
      // an id that another message has already is used again by its provider: it means the newer message from now on
      const rows = await database.$queryRaw<MatchedRow[]>`
        WITH message AS (
          INSERT INTO dlr.sent_message AS known (message_id, head, connector_group, provider_ids, intermediate, sent_at${columns})
          SELECT id::uuid, head, connector_group, provider_ids::text[], intermediate, to_timestamp(sent_at_ms / 1000.0)${selected}
          FROM unnest(
            ${events.map(({ message }) => message.id)}::text[],
            string_to_array(${events.map(({ message }) => headText(message)).join(separator)}, chr(30)),
            ${events.map(({ group }) => storable(group))}::text[],
            ${events.map(({ providerIds }) => arrayLiteral([...new Set(providerIds)]))}::text[],
            ${events.map(({ message }) => (asksForReport(message, 'sent') ? 'due' : 'none'))}::text[],
            ${events.map(({ at }) => at)}::float8[]${arrays}
          ) AS sent(id, head, connector_group, provider_ids, intermediate, sent_at_ms${columns})
          ON CONFLICT (message_id) ${onConflict}
        )${also}, segment AS (
          INSERT INTO dlr.sent_segment AS known (connector_group, provider_id, message_id, segments${segmentAttempt.column})
          SELECT connector_group, provider_id, id::uuid, segments${segmentAttempt.column}
          FROM unnest(
            ${segments.map(({ group }) => group)}::text[],
            ${segments.map(({ providerId }) => providerId)}::text[],
            ${segments.map(({ event }) => (events[event] as MessageSent).message.id)}::text[],
            ${segments.map(({ event }) => counts[event] as number)}::int[]${segmentAttempt.array}
          ) AS sent(connector_group, provider_id, id, segments${segmentAttempt.column})
          ORDER BY connector_group, provider_id
          ON CONFLICT (connector_group, provider_id) DO UPDATE SET
            message_id = excluded.message_id,
            segments = excluded.segments,
            attempt = excluded.attempt,
            state = CASE WHEN ${usedAgain} THEN NULL ELSE known.state END,
            state_at = CASE WHEN ${usedAgain} THEN NULL ELSE known.state_at END
            WHERE known.message_id IS DISTINCT FROM excluded.message_id OR known.attempt <= excluded.attempt
          RETURNING connector_group, provider_id, message_id, segments, attempt, state, error_code, state_at
        )
        SELECT * FROM segment WHERE state IS NOT NULL`;
      return rows.map(matchedOf);
    },

    async putReceipts(receipts) {
      if (receipts.length === 0) return [];
      const whole = await wholeMessages(database, receipts);
      const others = receipts.filter((one) => !whole.has(textOf(one)));
      return [...whole.values(), ...(await putOnSegments(database, others))];
    },

    async putFailed(events) {
      const first = new Map<string, MessageFailed>();
      for (const event of events) if (!first.has(event.message.id)) first.set(event.message.id, event);
      if (first.size === 0) return [];
      const failed = [...first.values()].map((event) => ({ head: headText(event.message), ...endingOfFailed(event) }));
      const rows = await database.$queryRaw<{ message_id: string }[]>`
        INSERT INTO dlr.sent_message AS known (message_id, head, connector_group, provider_ids, state, reason, error_code, sent_at, final_at)
        SELECT id::uuid, head, '', '{}', state, reason, error_code, to_timestamp(at_ms / 1000.0), to_timestamp(at_ms / 1000.0)
        FROM unnest(
          ${[...first.keys()]}::text[],
          string_to_array(${failed.map(({ head }) => head).join(separator)}, chr(30)),
          ${failed.map(({ state }) => state)}::text[],
          ${failed.map(({ reason }) => reason ?? '')}::text[],
          ${failed.map(({ errorCode }) => storable(errorCode))}::text[],
          ${failed.map(({ atMs }) => atMs)}::float8[]
        ) AS failed(id, head, state, reason, error_code, at_ms)
        ORDER BY id
        ON CONFLICT (message_id) DO UPDATE SET
          state = excluded.state, reason = excluded.reason, error_code = excluded.error_code, final_at = excluded.final_at, ending = NULL, again = NULL
          WHERE known.state IN ('sent', 'returned', 'no_report')
        RETURNING message_id`;
      return rows.map((row) => withoutDashes(row.message_id));
    },

    async receiptsOf(messageIds) {
      if (messageIds.length === 0) return [];
      const rows = await database.$queryRaw<MatchedRow[]>`
        SELECT segment.*
        FROM (
          SELECT message_id, connector_group, provider_ids FROM dlr.sent_message WHERE message_id = ANY (${messageIds}::uuid[])
          UNION SELECT message_id, connector_group, provider_ids FROM dlr.sent_attempt WHERE message_id = ANY (${messageIds}::uuid[])
        ) AS message
        CROSS JOIN LATERAL unnest(message.provider_ids) AS id
        CROSS JOIN LATERAL (
          SELECT * FROM dlr.sent_segment WHERE connector_group = message.connector_group AND provider_id = id LIMIT 1
        ) AS segment
        WHERE segment.message_id = message.message_id AND segment.state IS NOT NULL`;
      return rows.map(matchedOf);
    },

    async end(endings) {
      if (endings.size === 0) return new Map();
      const ids = [...endings.keys()];
      const list = [...endings.values()];
      // = ANY besides the join: without it the planner reads a table of some 10,000 rows whole for each batch
      const rows = await database.$queryRaw<EndedRow[]>`
        UPDATE dlr.sent_message AS message
        SET state = CASE WHEN ${goesOn} THEN 'returned' ELSE ended.state END, reason = ended.reason, error_code = ended.error_code,
          final_at = to_timestamp(ended.at_ms / 1000.0),
          ending = CASE WHEN ${goesOn} THEN ended.state END,
          again = CASE WHEN ${goesOn} THEN message.again END
        FROM unnest(
          ${ids}::text[],
          ${list.map(({ state }) => state)}::text[],
          ${list.map(({ reason }) => reason ?? '')}::text[],
          ${list.map(({ errorCode }) => storable(errorCode))}::text[],
          ${list.map(({ atMs }) => atMs)}::float8[],
          ${list.map(({ attempt }) => attempt)}::int[]
        ) AS ended(id, state, reason, error_code, at_ms, attempt)
        WHERE message.message_id = ANY (${ids}::uuid[]) AND message.message_id = ended.id::uuid
          AND (message.attempt = ended.attempt OR ended.state = 'delivered')
          AND (message.state = 'sent' OR (message.state = 'no_report' AND ended.state <> 'no_report')
            OR (message.state = 'returned' AND ended.state = 'delivered'))
        RETURNING message.message_id, message.head, ended.state, message.reason, message.error_code, message.final_at, message.again`;
      return endedOf(rows);
    },

    async takeIntermediate(messageIds, again) {
      if (messageIds.length === 0) return new Map();
      const rows = await database.$queryRaw<Pick<EndedRow, 'message_id' | 'head'>[]>`
        UPDATE dlr.sent_message SET intermediate = 'given'
        WHERE message_id = ANY (${messageIds}::uuid[]) AND state = 'sent'
          AND (intermediate = 'due' OR (intermediate = 'given' AND message_id = ANY (${[...again]}::uuid[])))
        RETURNING message_id, head`;
      return new Map(rows.map((row) => [withoutDashes(row.message_id), JSON.parse(row.head) as MessageHead]));
    },

    async ended(messageIds) {
      if (messageIds.length === 0) return new Map();
      return endedOf(
        await database.$queryRaw<EndedRow[]>`
          SELECT message_id, head, coalesce(ending, state) AS state, reason, error_code, final_at, CASE WHEN state = 'returned' THEN again END AS again
          FROM dlr.sent_message WHERE message_id = ANY (${messageIds}::uuid[]) AND state <> 'sent'`,
      );
    },
  };
}

/**
 * The usual case, without a write: the message is known and the segment is all of it, so its own state is enough. (12 µs a message for the
 * row change of the other case, 4 for this, of Postgres's time.)
 */
async function wholeMessages(database: Database, receipts: readonly KeyedReceipt[]): Promise<Map<string, MatchedSegment>> {
  const rows = await database.$queryRaw<Pick<MatchedRow, 'connector_group' | 'provider_id' | 'message_id' | 'attempt'>[]>`
    SELECT connector_group, provider_id, message_id, attempt FROM dlr.sent_segment
    WHERE connector_group = ANY (${[...new Set(receipts.map(({ group }) => group))]}::text[])
      AND provider_id = ANY (${receipts.map(({ providerId }) => providerId)}::text[])
      AND message_id IS NOT NULL AND segments = 1`;
  const messages = new Map(
    rows.map((row) => [
      textOf({ group: row.connector_group, providerId: row.provider_id }),
      { messageId: withoutDashes(row.message_id), attempt: row.attempt },
    ]),
  );
  const whole = new Map<string, MatchedSegment>();
  for (const one of receipts) {
    const key = textOf(one);
    const message = messages.get(key);
    if (message) whole.set(key, { ...one, ...message, segments: 1 });
  }
  return whole;
}

async function putOnSegments(database: Database, receipts: readonly KeyedReceipt[]): Promise<MatchedSegment[]> {
  if (receipts.length === 0) return [];
  // one that goes further waits for its message from its own coming on, not from that of the one it replaces
  const rows = await database.$queryRaw<MatchedRow[]>`
    WITH segment AS (
      INSERT INTO dlr.sent_segment AS known (connector_group, provider_id, state, error_code, state_at, early_at)
      SELECT connector_group, provider_id, state, error_code, to_timestamp(at_ms / 1000.0), now()
      FROM unnest(
        ${receipts.map(({ group }) => group)}::text[],
        ${receipts.map(({ providerId }) => providerId)}::text[],
        ${receipts.map(({ receipt }) => receipt.state)}::text[],
        ${receipts.map(({ receipt }) => storable(receipt.errorCode))}::text[],
        ${receipts.map(({ receipt }) => receipt.atMs)}::float8[]
      ) AS received(connector_group, provider_id, state, error_code, at_ms)
      ORDER BY connector_group, provider_id
      ON CONFLICT (connector_group, provider_id) DO UPDATE SET
        state = CASE WHEN ${lifts} THEN excluded.state ELSE known.state END,
        error_code = CASE WHEN ${lifts} THEN excluded.error_code ELSE known.error_code END,
        state_at = CASE WHEN ${lifts} THEN excluded.state_at ELSE known.state_at END,
        early_at = CASE WHEN known.message_id IS NULL AND ${lifts} THEN excluded.early_at ELSE known.early_at END
      RETURNING connector_group, provider_id, message_id, segments, attempt, state, error_code, state_at
    )
    SELECT * FROM segment WHERE message_id IS NOT NULL`;
  return rows.map(matchedOf);
}

/** The receipt goes further than what is known of the segment: `keepReceipt` in SQL. */
const lifts = Prisma.sql`(known.state IS NULL OR (known.state IN ('sent', 'no_report') AND excluded.state NOT IN ('sent', known.state)))`;

/** The message is at a later attempt, or another message has the id, than its receipts are about. */
const usedAgain = Prisma.sql`(known.message_id <> excluded.message_id OR (known.message_id = excluded.message_id AND known.attempt < excluded.attempt))`;

/** Its rule lets it go on, and nobody has been told that it ended. */
const goesOn = Prisma.sql`(message.goes_on_until > to_timestamp(ended.at_ms / 1000.0) AND message.state = 'sent'
  AND ended.state IN ('undelivered', 'rejected', 'expired', 'failed'))`;

/** One entry for each provider id; when two messages of a batch have the same, the later. An empty id matches no receipt ever. */
function segmentsOf(events: readonly MessageSent[]): (SegmentKey & { event: number })[] {
  const segments = new Map<string, SegmentKey & { event: number }>();
  events.forEach(({ group, providerIds }, event) => {
    for (const providerId of providerIds) {
      const key = keyOf({ group, providerId });
      if (providerId !== '') segments.set(textOf(key), { ...key, event });
    }
  });
  return [...segments.values()];
}

/** Receipts to wait for: a provider that gives several segments one id sends one receipt for them; a segment without an id never gets any. */
export function countSegments(providerIds: readonly string[]): number {
  const given = providerIds.filter((id) => id !== '');
  return new Set(given).size + providerIds.length - given.length;
}

/** The key as it is stored. */
export function keyOf({ group, providerId }: SegmentKey): SegmentKey {
  return { group: storable(group), providerId: storable(providerId) };
}

/** Stored texts have no U+0000, so it can separate them. */
export function textOf({ group, providerId }: SegmentKey): string {
  return `${group}\0${providerId}`;
}

/** Only what the later stages need is kept, should an event carry a whole message. */
export function headToKeep(message: MessageHead): MessageHead {
  return 'content' in message ? headOf(message as Message) : message;
}

/** JSON writes U+0000 as an escape, so the text is storable. */
function headText(message: MessageHead): string {
  return JSON.stringify(headToKeep(message));
}

function matchedOf(row: MatchedRow): MatchedSegment {
  return {
    group: row.connector_group,
    providerId: row.provider_id,
    messageId: withoutDashes(row.message_id),
    segments: row.segments,
    attempt: row.attempt,
    receipt: { state: row.state, errorCode: row.error_code, atMs: row.state_at.getTime() },
  };
}

/** The rows' messages, with how each ended. */
export function endedOf(rows: readonly EndedRow[]): Map<string, EndedMessage> {
  const ended = new Map<string, EndedMessage>();
  for (const row of rows) {
    const ending = {
      state: row.state,
      reason: row.reason === '' ? undefined : row.reason,
      errorCode: row.error_code,
      atMs: row.final_at.getTime(),
    };
    const again = row.again === null ? {} : { again: JSON.parse(row.again) as Attempt };
    ended.set(withoutDashes(row.message_id), { head: JSON.parse(row.head) as MessageHead, ending, ...again });
  }
  return ended;
}
