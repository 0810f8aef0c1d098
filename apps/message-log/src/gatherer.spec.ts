import { describe, expect, it } from '@jest/globals';
import { deliveredWay, messageAt } from '../test/events.ts';
import { createGatherer, type GathererOptions } from './gatherer.ts';
import type { LoggedEvent, Row } from './log.ts';

const quiet = { error: () => {} };

function gathererWith(options: Partial<GathererOptions>) {
  const statements: (readonly Row[])[] = [];
  const write = async (rows: readonly Row[]) => void statements.push(rows);
  return { statements, gatherer: createGatherer({ write, isPoison: () => false, gatherMs: 1, rowsMax: 100, log: quiet, ...options }) };
}

describe('gatherer', () => {
  it('writes one row for all that is heard of a message within the moment', async () => {
    const { gatherer, statements } = gathererWith({});
    await Promise.all(deliveredWay(messageAt()).map((event) => gatherer.add(event)));
    expect(statements.map((rows) => rows.map((row) => row.verdict.state))).toEqual([['delivered']]);
  });

  it('does not wait for the moment to end when it has rows enough', async () => {
    const { gatherer, statements } = gathererWith({ gatherMs: 3_600_000, rowsMax: 2 });
    await Promise.all([gatherer.add(submitted()), gatherer.add(submitted())]);
    expect(statements.map((rows) => rows.length)).toEqual([2]);
  });

  it('writes at once what a question waits for, and does not hold up a question about nothing', async () => {
    const { gatherer, statements } = gathererWith({ gatherMs: 3_600_000 });
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
    const { gatherer } = gathererWith({ write, rowsMax: 1 });
    const all = [gatherer.add(submitted()), gatherer.add(submitted())];
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
    expect((await gatherer.add(submitted())).size).toBe(0);
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
    const [refused] = await Promise.all(events.map((event) => gatherer.add(event)));
    expect(refused).toEqual(new Map([[bad, 'out of range']]));
    expect(stored).toEqual(events.map((event) => event.message.id).filter((id) => id !== bad));
  });
});

function submitted(): Extract<LoggedEvent, { type: 'message.submitted' }> {
  return { type: 'message.submitted', at: 1, message: messageAt(1) };
}
