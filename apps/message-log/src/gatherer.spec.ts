import { afterEach, describe, expect, it } from '@jest/globals';
import { deliveredWay, messageAt } from '../test/events.ts';
import { createGatherer, type Gatherer, type GathererOptions } from './gatherer.ts';
import type { LoggedEvent, Row } from './log.ts';

const defaults = { isPoison: () => false, gatherMs: 1, holdMs: 3, rowsMax: 100, eventsMax: 1_000, log: { error: () => {} } };
const hourMs = 3_600_000;
const open: Gatherer[] = [];

afterEach(() => {
  for (const gatherer of open.splice(0)) gatherer.stop();
});

function gathererWith(options: Partial<GathererOptions>) {
  const statements: (readonly Row[])[] = [];
  const write = async (rows: readonly Row[]) => void statements.push(rows);
  const gatherer = createGatherer({ ...defaults, write, ...options });
  open.push(gatherer);
  return { statements, gatherer };
}

describe('gatherer', () => {
  it('writes one row for all that is heard of a message within the moment', async () => {
    const { gatherer, statements } = gathererWith({});
    await Promise.all(deliveredWay(messageAt()).map((event) => gatherer.add(event)));
    expect(statements.map((rows) => rows.map((row) => row.verdict.state))).toEqual([['delivered']]);
  });

  it('writes what has ended though it would hold what is on its way for long', async () => {
    const { gatherer, statements } = gathererWith({ holdMs: hourMs });
    void gatherer.add(submitted());
    await Promise.all(deliveredWay(messageAt()).map((event) => gatherer.add(event)));
    expect(statements.map((rows) => rows.map((row) => row.verdict.state))).toEqual([['delivered']]);
  });

  it.each<[string, Partial<GathererOptions>]>([
    ['its time is over', { holdMs: 5 }],
    ['another process may hear of the rest', { holdMs: hourMs, alone: () => false }],
  ])('writes what is on its way when %s', async (_, options) => {
    const { gatherer, statements } = gathererWith(options);
    await gatherer.add(submitted());
    expect(statements.map((rows) => rows.length)).toEqual([1]);
  });

  it('writes what it has, and holds nothing for long, while somebody waits for all', async () => {
    const { gatherer, statements } = gathererWith({ holdMs: hourMs });
    const first = gatherer.add(submitted());
    const stopHurrying = gatherer.hurry();
    await first;
    await gatherer.add(submitted());
    stopHurrying();
    void gatherer.add(submitted());
    await Promise.all(deliveredWay(messageAt()).map((event) => gatherer.add(event)));
    expect(statements.map((rows) => rows.map((row) => row.verdict.state))).toEqual([['accepted'], ['accepted'], ['delivered']]);
  });

  it('does not wait for the moment to end when it holds too much: the oldest go', async () => {
    const { gatherer, statements } = gathererWith({ gatherMs: hourMs, holdMs: hourMs, eventsMax: 2 });
    await Promise.race([gatherer.add(submitted()), gatherer.add(submitted()), gatherer.add(submitted())]);
    expect(statements.map((rows) => rows.length)).toEqual([2]);
  });

  it('writes at once what was heard of a tenant so long ago, and waits for no other', async () => {
    let nowMs = 0;
    const { gatherer, statements } = gathererWith({ gatherMs: hourMs, holdMs: hourMs, now: () => nowMs });
    const add = (tenant: string, atMs: number): void => {
      nowMs = atMs;
      void gatherer.add({ type: 'message.submitted', at: 1, message: messageAt(1, { tenant }) });
    };
    add('acme', 1);
    add('other', 2);
    add('acme', 3);
    nowMs = 12;
    await gatherer.writtenOf('nobody', 0);
    expect(statements).toEqual([]);
    await gatherer.writtenOf('acme', 10);
    await gatherer.writtenOf(undefined, 10);
    await gatherer.writtenOf('acme', 9);
    expect(statements.map((rows) => rows.map(({ tenant }) => tenant))).toEqual([['acme'], ['other'], ['acme']]);
  });

  it('writes at once what a question waits for, and does not hold up a question about nothing', async () => {
    const { gatherer, statements } = gathererWith({ gatherMs: hourMs, holdMs: hourMs });
    const event = submitted();
    void gatherer.add(event);
    await gatherer.written('0'.repeat(32));
    expect(statements).toHaveLength(0);
    await gatherer.written(event.message.id);
    expect(statements).toHaveLength(1);
  });

  it('gathers on while it writes, and writes that next', async () => {
    const first = Promise.withResolvers<void>();
    const sizes: number[] = [];
    const write = async (rows: readonly Row[]) => {
      sizes.push(rows.length);
      if (sizes.length === 1) await first.promise;
    };
    const { gatherer } = gathererWith({ write, gatherMs: hourMs, holdMs: hourMs, rowsMax: 1 });
    const events = [submitted(), submitted()];
    const all = events.flatMap((event) => [gatherer.add(event), gatherer.written(event.message.id)]);
    first.resolve();
    await Promise.all(all);
    expect(sizes).toEqual([1, 1]);
  });

  it('tries again while the database is away', async () => {
    let failures = 3;
    const write = async () => {
      if (failures-- > 0) throw new Error('connection refused');
    };
    const { gatherer } = gathererWith({ write, pause: async () => {} });
    expect(await gatherer.add(submitted())).toBeUndefined();
    expect(failures).toBe(-1);
  });

  it('refuses the one row that is poison and stores all others', async () => {
    const events = Array.from({ length: 9 }, submitted);
    const bad = events[4]?.message.id as string;
    const stored: string[] = [];
    const write = async (rows: readonly Row[]) => {
      if (rows.some((row) => row.id === bad)) throw new Error('out of range');
      stored.push(...rows.map((row) => row.id));
    };
    const { gatherer } = gathererWith({ write, isPoison: () => true });
    const refused = await Promise.all(events.map((event) => gatherer.add(event)));
    expect(refused).toEqual(events.map(({ message }) => (message.id === bad ? 'out of range' : undefined)));
    expect(stored).toEqual(events.map((event) => event.message.id).filter((id) => id !== bad));
  });
});

function submitted(): Extract<LoggedEvent, { type: 'message.submitted' }> {
  return { type: 'message.submitted', at: 1, message: messageAt(1) };
}
