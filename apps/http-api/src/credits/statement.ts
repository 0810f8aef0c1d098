import { leaseSubjects, type StatementAnswer, type StatementLine, type StatementQuestion } from '@heliograph/message';
import type { z } from 'zod';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer } from '../http/endpoint.ts';
import { ProblemError } from '../http/problem.ts';
import { streamCsv, streamJson } from '../http/stream.ts';
import { timeText } from '../http/time.ts';
import { creditsText } from './credits.ts';
import type { statement } from './schema.ts';

export interface StatementWanted {
  readonly tenant: string;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly csv: boolean;
  readonly nowMs: number;
}

type Shown = z.infer<typeof statement>['lines'][number];

/** A line of the table: those of the statement, with its opening and its closing around them. */
type TableLine = Omit<Shown, 'kind'> & { readonly kind: Shown['kind'] | 'opening' | 'closing' };

const dayMs = 24 * 3_600_000;

/** Asks for the first part before anything is answered, and for each other when the one before is on its way. */
export async function readStatement(asking: Asking, { tenant, csv, nowMs, ...wanted }: StatementWanted): Promise<ApiAnswer> {
  const [today, tomorrow] = [nowMs, nowMs + dayMs].map((ms) => timeText(ms).slice(0, 10)) as [string, string];
  const until = wanted.until ?? later(tomorrow, wanted.from ?? '');
  const from = wanted.from ?? earlier(`${today.slice(0, 7)}-01`, until);
  const ask = (after?: string) => {
    const question: StatementQuestion = { tenant, fromDay: from, untilDay: until, ...(after === undefined ? {} : { after }) };
    return asking.ask<StatementAnswer>(leaseSubjects.statement, question, askTimeoutMs);
  };
  const first = await ask();
  if (!first) return nobodyAnswers;
  let balance = BigInt(first.openingMicroCredits);
  const opening = creditsText(balance);

  async function* pages(): AsyncGenerator<readonly Shown[]> {
    for (let part: StatementAnswer | undefined = first; part !== undefined;) {
      yield part.lines.map((line) => {
        balance += BigInt(line.microCredits);
        return show(line, balance);
      });
      if (part.next === undefined) return;
      part = await ask(part.next);
      if (!part) throw new ProblemError(nobodyAnswers.problem);
    }
  }

  async function* table(): AsyncGenerator<readonly TableLine[]> {
    yield [{ date: from, kind: 'opening', credits: '', balance: opening }];
    yield* pages();
    yield [{ date: until, kind: 'closing', credits: '', balance: creditsText(balance) }];
  }

  if (csv) return { ok: true, streamed: streamCsv({ fileName: `statement-${tenant}-${from}-${until}.csv`, columns, pages: table() }) };
  const head = { tenant, from, until, opening };
  const tail = () => ({ closing: creditsText(balance) });
  return { ok: true, streamed: streamJson({ head, list: 'lines', pages: pages(), show: (line) => line, tail }) };
}

const columns: readonly { readonly name: string; readonly of: (line: TableLine) => string }[] = [
  { name: 'date', of: ({ date }) => date },
  { name: 'kind', of: ({ kind }) => kind },
  { name: 'credits', of: ({ credits }) => credits },
  { name: 'balance', of: ({ balance }) => balance },
  { name: 'at', of: ({ at = '' }) => at },
  { name: 'key', of: ({ key = '' }) => key },
  { name: 'note', of: ({ note = '' }) => note },
];

function show({ day, kind, microCredits, atMs, key, note }: StatementLine, balance: bigint): Shown {
  return {
    date: day,
    kind,
    credits: creditsText(BigInt(microCredits)),
    balance: creditsText(balance),
    ...(atMs === undefined ? {} : { at: timeText(atMs) }),
    ...(key === undefined ? {} : { key }),
    ...(note === undefined ? {} : { note }),
  };
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}
