import {
  historySubjects,
  leaseSubjects,
  usageMax,
  type RefundsAnswer,
  type RefundsQuestion,
  type UsageAnswer,
  type UsageQuestion,
  type UsageRecord,
} from '@heliograph/message';
import type { z } from 'zod';
import { creditsText } from '../credits/credits.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer } from '../http/endpoint.ts';
import { ProblemError } from '../http/problem.ts';
import { streamCsv, streamJson } from '../http/stream.ts';
import { timeText } from '../http/time.ts';
import type { usage } from './schema.ts';

export interface UsageWanted {
  readonly tenant: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly csv: boolean;
  /** Who carried a message is for operators only. */
  readonly ofOperators: boolean;
}

type Shown = z.infer<typeof usage>['records'][number];

interface Page {
  readonly records: readonly Shown[];
  readonly next?: string;
}

/** message-log knows the messages, billing-credits which of them had their charge back: a page is asked of the one, then its refunds of the other. */
export async function readUsage(asking: Asking, { tenant, sinceMs, untilMs, csv, ofOperators }: UsageWanted): Promise<ApiAnswer> {
  async function ask(after?: string): Promise<Page | undefined> {
    const question: UsageQuestion = { tenant, sinceMs, untilMs, limit: usageMax, ...(after === undefined ? {} : { after }) };
    const answer = await asking.ask<UsageAnswer>(historySubjects.usage, question, askTimeoutMs);
    if (!answer?.complete) return undefined;
    const refunds = await refundsOf(answer.records);
    if (!refunds) return undefined;
    const records = answer.records.map((record) => show(record, refunds.get(record.id) ?? 0n, ofOperators));
    return { records, ...(answer.next === undefined ? {} : { next: answer.next }) };
  }

  async function refundsOf(records: readonly UsageRecord[]): Promise<ReadonlyMap<string, bigint> | undefined> {
    if (records.length === 0) return new Map();
    const question: RefundsQuestion = { tenant, ids: records.map(({ id }) => id) };
    const answer = await asking.ask<RefundsAnswer>(leaseSubjects.refunds, question, askTimeoutMs);
    return answer && new Map(answer.refunds.map(({ id, microCredits }) => [id, BigInt(microCredits)]));
  }

  const first = await ask();
  if (!first) return nobodyAnswers;

  async function* pages(): AsyncGenerator<readonly Shown[]> {
    for (let page: Page | undefined = first; page !== undefined;) {
      yield page.records;
      if (page.next === undefined) return;
      page = await ask(page.next);
      if (!page) throw new ProblemError(nobodyAnswers.problem);
    }
  }

  const [from, until] = [timeText(sinceMs), timeText(untilMs)];
  if (!csv)
    return { ok: true, streamed: streamJson({ head: { tenant, from, until }, list: 'records', pages: pages(), show: (record) => record }) };
  const fileName = `usage-${tenant}-${from}-${until}.csv`.replaceAll(':', '');
  return { ok: true, streamed: streamCsv({ fileName, columns: ofOperators ? columnsOfOperators : columns, pages: pages() }) };
}

interface Column {
  readonly name: string;
  readonly of: (record: Shown) => string;
}

const columns: readonly Column[] = [
  { name: 'id', of: ({ id }) => id },
  { name: 'accepted', of: ({ accepted }) => accepted },
  { name: 'to', of: ({ to }) => to },
  { name: 'from', of: ({ from }) => from },
  { name: 'segments', of: ({ segments }) => String(segments) },
  { name: 'credits', of: ({ credits }) => credits },
  { name: 'refunded', of: ({ refunded }) => refunded },
  { name: 'state', of: ({ state }) => state },
  { name: 'reference', of: ({ reference = '' }) => reference },
];
const columnsOfOperators: readonly Column[] = [...columns, { name: 'connector', of: ({ connector = '' }) => connector }];

function show({ acceptedAtMs, microCredits, connector, reference, ...record }: UsageRecord, refunded: bigint, ofOperators: boolean): Shown {
  return {
    ...record,
    accepted: timeText(acceptedAtMs),
    credits: creditsText(BigInt(microCredits)),
    refunded: creditsText(refunded),
    ...(ofOperators && connector !== undefined ? { connector } : {}),
    ...(reference === undefined ? {} : { reference }),
  };
}
