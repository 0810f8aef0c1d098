import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { JournalLine } from './journal.ts';

/** A journal that cannot be used; the message names file and line, and has nothing of what stands there. */
export class JournalFault extends Error {}

/** `at`: file and line, for people. */
export interface ReadLine {
  readonly line: JournalLine;
  readonly at: string;
}

const word = z.string().min(1).max(255);
const messageId = z.string().min(1).max(65);
const atMs = z.int().min(0);

const lineSchema = z.discriminatedUnion('kind', [
  z.object({
    atMs,
    kind: z.literal('asked'),
    tenant: word,
    ref: word,
    content: word,
    door: z.enum(['smpp', 'http', 'email']),
    reportWanted: z.boolean(),
  }),
  z.object({ atMs, kind: z.literal('accepted'), tenant: word, ref: word, id: messageId }),
  z.object({ atMs, kind: z.literal('refused'), tenant: word, ref: word, reason: z.string() }),
  z.object({ atMs, kind: z.literal('unanswered'), tenant: word, ref: word, reason: z.string() }),
  z.object({ atMs, kind: z.literal('reported'), tenant: word, id: messageId, state: word, by: z.enum(['smpp', 'webhook']) }),
  z.object({
    atMs,
    kind: z.literal('arrived'),
    provider: word,
    content: word,
    taken: z.boolean(),
    providerId: z.string().optional(),
  }),
  z.object({ atMs, kind: z.literal('receipt'), provider: word, providerId: z.string(), state: z.string() }),
]);

/** A piece of the file at a time. What was being written when its writer was killed, at the end and without a line feed, is none. */
export async function* readJournal(file: string): AsyncGenerator<readonly ReadLine[]> {
  let [rest, number] = ['', 0];
  for await (const piece of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 }) as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((text) => parse(text, `${file}:${++number}`));
  }
}

function parse(text: string, at: string): ReadLine {
  const read = lineSchema.safeParse(jsonOf(text, at));
  if (read.success) return { line: read.data as JournalLine, at };
  const [issue] = read.error.issues;
  throw new JournalFault(`${at}: is not a line of a journal: ${issue?.path.join('.')} ${issue?.message}`);
}

function jsonOf(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JournalFault(`${at}: is not JSON`);
  }
}
