import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { answerProblem } from './answer-problem.ts';
import { problem, ProblemError } from './problem.ts';
import { sendStreamed, streamCsv, streamJson, wantsCsv, type Streamed } from './stream.ts';

async function* pagesOf(...pages: number[][]): AsyncGenerator<number[]> {
  yield* pages;
}
const whole = async ({ parts }: Streamed): Promise<string> => (await Array.fromAsync(parts)).join('');

it.each([
  ['no page', []],
  ['an empty page', [[]]],
  ['one page', [[1, 2]]],
  ['pages, empty ones among them', [[], [1], [], [2, 3], []]],
])('JSON of %s is one object', async (_, pages) => {
  const all = pages.flat();
  const stream = streamJson({
    head: { from: 'a' },
    list: 'items',
    pages: pagesOf(...pages),
    show: (n) => ({ n }),
    tail: () => ({ count: all.length }),
  });
  expect(JSON.parse(await whole(stream))).toEqual({ from: 'a', items: all.map((n) => ({ n })), count: all.length });
  const bare = streamJson({ head: { from: 'a' }, list: 'items', pages: pagesOf(...pages), show: (n) => ({ n }) });
  expect(JSON.parse(await whole(bare))).toEqual({ from: 'a', items: all.map((n) => ({ n })) });
});

it('CSV has a line for each item after that of the names', async () => {
  const columns = [
    { name: 'n', of: String },
    { name: 'double', of: (n: number) => String(2 * n) },
  ];
  expect(await whole(streamCsv({ fileName: 'x.csv', columns, pages: pagesOf([1], [], [2]) }))).toBe('n,double\r\n1,2\r\n2,4\r\n');
});

it('asks for a page only when the one before is taken', async () => {
  let asked = 0;
  async function* pages(): AsyncGenerator<number[]> {
    for (;;) yield [++asked];
  }
  const { parts } = streamJson({ head: { a: 1 }, list: 'items', pages: pages(), show: (n) => ({ n }) });
  const reading = parts[Symbol.asyncIterator]();
  await reading.next();
  await reading.next();
  expect(asked).toBe(2);
});

it.each([
  ['nothing', {}, 'application/json', false],
  ['the header', {}, 'text/csv', true],
  ['the query', { format: 'csv' }, 'application/json', true],
  ['the query, against the header', { format: 'json' }, 'text/csv', false],
])('CSV is wanted by %s', (_, query, accepted, wanted) => {
  expect(wantsCsv({ query, accepts: () => accepted } as never)).toBe(wanted);
});

describe('over HTTP', () => {
  let parts: () => AsyncGenerator<string>;
  const faults: unknown[] = [];
  const app = express();
  app.get('/', (request, response) => sendStreamed({ type: 'text/csv', fileName: 'x.csv', parts: parts() }, request, response));
  app.use(answerProblem({ error: (fault: unknown) => void faults.push(fault) } as never));
  const server = createServer(app);
  let url: string;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => void server.close());

  it('a page that does not come breaks the connection off, so that nobody takes half of it for all', async () => {
    parts = async function* () {
      yield 'a\r\n';
      throw new ProblemError(problem('unavailable', 'away'));
    };
    const response = await fetch(url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(faults).toEqual([]);
  });

  it('whoever goes away in the middle ends the reading, which is no fault', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    parts = async function* () {
      try {
        for (;;) yield 'x'.repeat(100_000);
      } finally {
        end();
      }
    };
    const asked = get(url);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    await once(response, 'readable');
    asked.destroy();
    await ended;
    expect(faults).toEqual([]);
  });

  it('a peer that does not read is not read for', async () => {
    let made = 0;
    parts = async function* () {
      for (; made < 10_000; made++) yield 'x'.repeat(100_000);
    };
    const asked = get(url);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    // as much as sockets hold; then nothing for so many turns
    for (let [seen, turns] = [-1, 0]; turns < 50; turns = made === seen ? turns + 1 : 0, seen = made) await new Promise(setImmediate);
    expect(made).toBeLessThan(1_000);
    asked.destroy();
    await once(response, 'close').catch(() => {});
  });

  it('HEAD reads nothing', async () => {
    let made = 0;
    parts = async function* () {
      made++;
      yield 'x';
    };
    const response = await fetch(url, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-disposition'), await response.text(), made]).toEqual([
      200,
      'attachment; filename=x.csv',
      '',
      0,
    ]);
  });
});
