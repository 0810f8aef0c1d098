import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type {
  EraseAnswer,
  EraseQuestion,
  EventsAnswer,
  EventsQuestion,
  HeldAnswer,
  HeldQuestion,
  Hop,
  KnownMessage,
  KnownQuestion,
  LoggedMessage,
  MessageListAnswer,
  MessageListQuestion,
  MessageQuestion,
  StatsAnswer,
  StatsQuestion,
  UsageAnswer,
  UsageQuestion,
} from '@heliograph/message';
import { isId, withoutDashes } from '@heliograph/message';
import { isDataError } from '@heliograph/sqlstate';
import { PrismaClient } from '../generated/client.ts';
import type { MessageModel } from '../generated/models.ts';
import { createErasing } from './erase.ts';
import { hopsOf, type Row, type StoredHops } from './log.ts';
import { readHeld } from './held.ts';
import { readReports } from './reports.ts';
import { search } from './search.ts';
import { messageOf } from './shown.ts';
import { statementsOf } from './statement.ts';
import { readTally } from './tally.ts';
import { readUsage } from './usage.ts';

export type Database = PrismaClient;

export function openDatabase(databaseUrl: string): Database {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'message_log' }) });
}

/**
 * The connection that writes is none of Prisma's, which turns all parameters into JSON, and back, before they are sent: 1 kB of a message. The
 * statements are prepared, so that they are planned once.
 */
function openWriter(databaseUrl: string): pg.Pool {
  const writer = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  // a connection that is lost while it rests: the next statement opens another one, or says why it cannot
  writer.on('error', () => {});
  return writer;
}

/** The tables of messages, reports and their tally: whoever asks for them asks here. */
export interface History {
  /** Rejects when not all of them are stored: then the same rows may be written again. */
  write(rows: readonly Row[]): Promise<void>;
  read(question: MessageQuestion): Promise<{ message: LoggedMessage; hops: Hop[] } | undefined>;
  list(question: MessageListQuestion): Promise<MessageListAnswer>;
  /** What waits for a review. */
  held(question: HeldQuestion): Promise<HeldAnswer>;
  /** Those of the tenant that are accepted. */
  known(question: KnownQuestion): Promise<KnownMessage[]>;
  events(question: EventsQuestion): Promise<EventsAnswer>;
  stats(question: StatsQuestion): Promise<StatsAnswer>;
  usage(question: UsageQuestion): Promise<Omit<UsageAnswer, 'complete'>>;
  /** Those that have ended, for at most so long, and all reports that are there. */
  erase(question: EraseQuestion, withinMs: number): Promise<EraseAnswer>;
  /** Removes a batch of what is older than that (unix ms), of every tenant. Resolves with how much it removed; 0: nothing was left. */
  purge(beforeMs: number): Promise<number>;
  /** A query of its tables, for what adds up over the messages themselves. */
  rows<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Whether the database answered when it was last asked. */
  readonly reachable: boolean;
  /** Asks it. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** For questions, beside the one that writes. */
const connectionsMax = 2;

/** Longer than the destinations of one submit_multi take, each of which may wait some seconds for credit. */
const acceptedTogetherMs = 60_000;

export function openHistory(databaseUrl: string): History {
  const database = openDatabase(databaseUrl);
  const writer = openWriter(databaseUrl);
  const erasing = createErasing(database);
  let reachable = true;

  async function asked<T>(answer: Promise<T>): Promise<T> {
    try {
      const result = await answer;
      reachable = true;
      return result;
    } catch (error) {
      reachable = isDataError(error);
      throw error;
    }
  }

  /** Of those accepted together, the least advanced; of those, the newest. */
  async function readByReceiptId({ tenant, id: receiptId }: MessageQuestion): Promise<MessageModel | null> {
    const newest = await asked(
      database.message.findFirst({ where: { tenant, receiptId }, orderBy: [{ acceptedAt: 'desc' }, { id: 'desc' }] }),
    );
    if (!newest?.acceptedAt) return null;
    const together = { gte: new Date(newest.acceptedAt.getTime() - acceptedTogetherMs) };
    return asked(
      database.message.findFirst({
        where: { tenant, receiptId, acceptedAt: together },
        orderBy: [{ stateRank: 'asc' }, { acceptedAt: 'desc' }, { id: 'desc' }],
      }),
    );
  }

  return {
    async write(rows) {
      for (const { name, sql, parameters } of statementsOf(rows)) await asked(writer.query({ name, text: sql, values: [...parameters] }));
    },
    async read({ tenant, id }) {
      const found =
        (isId(id) ? await asked(database.message.findFirst({ where: { id, tenant, acceptedAt: { not: null } } })) : null) ??
        (await readByReceiptId({ tenant, id }));
      return found ? { message: messageOf(found), hops: hopsOf(found.hops as unknown as StoredHops) } : undefined;
    },
    list: (question) => asked(search(database, question)),
    held: (question) => asked(readHeld(database, question)),
    async known({ tenant, ids }) {
      const found = await asked(
        database.message.findMany({
          where: { id: { in: [...ids] }, tenant, acceptedAt: { not: null } },
          select: { id: true, toAddr: true, segments: true, microCredits: true },
        }),
      );
      return found.map(({ id, toAddr, segments, microCredits }) => ({
        id: withoutDashes(id),
        to: toAddr ?? '',
        segments: segments ?? 0,
        microCredits: String(microCredits ?? 0n),
      }));
    },
    events: (question) => asked(readReports(database, question)),
    stats: (question) => asked(readTally(database, question)),
    usage: (question) => asked(readUsage(database, question)),
    erase: (question, withinMs) => asked(erasing.erase(question, withinMs)),
    purge: (beforeMs) => asked(erasing.purge(beforeMs)),
    rows: <Row>(sql: string, ...values: unknown[]) => asked<Row[]>(database.$queryRawUnsafe<Row[]>(sql, ...values)),
    get reachable() {
      return reachable;
    },
    async probe() {
      await asked(database.$queryRaw`SELECT 1`).catch(() => {});
    },
    async close() {
      await Promise.all([database.$disconnect(), writer.end()]);
    },
  };
}
