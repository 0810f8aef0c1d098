import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deliveredWay, failedAt, messageAt, t0 } from '../test/events.ts';
import { createHolding } from './holding.ts';
import type { LoggedEvent } from './log.ts';

const eventsMax = 1_000;
const nothing = { heldSinceMs: -1, restsSinceMs: -1 };

function submitted(): Extract<LoggedEvent, { type: 'message.submitted' }> {
  const message = messageAt();
  return { type: 'message.submitted', at: t0, message };
}

describe('what is held', () => {
  it('is one row of all that is heard of a message, also when it is due and not taken yet', () => {
    const holding = createHolding({ eventsMax });
    const way = deliveredWay(messageAt());
    for (const event of way.slice(0, 4)) holding.add(event, 1);
    holding.releaseThose(() => true);
    for (const event of way.slice(4)) holding.add(event, 2);
    expect(holding.take(10).map(({ row, events }) => [row.verdict.state, Object.keys(row.hops).length, events])).toEqual([
      ['delivered', 5, 5],
    ]);
    expect(holding.size).toBe(0);
  });

  const message = messageAt();
  const [accepted, routed, sent, reported, told] = deliveredWay(message) as [
    LoggedEvent,
    LoggedEvent,
    LoggedEvent,
    LoggedEvent,
    LoggedEvent,
  ];
  it.each<[string, LoggedEvent, boolean]>([
    ['that is accepted', accepted, false],
    ['that is routed', routed, false],
    ['that is sent', sent, false],
    ['that has ended', reported, true],
    ['that failed', failedAt(message, t0, 'unroutable'), true],
    ['of which the tenant was told', told, true],
    ['that waits for its time', { type: 'message.scheduled', at: t0, message, sendAtMs: t0 + 1 } as LoggedEvent, true],
  ])('of a message %s: rests?', (_, event, rests) => {
    const holding = createHolding({ eventsMax });
    holding.add(event, 5);
    holding.release({ heldSinceMs: -1, restsSinceMs: 4 });
    expect(holding.due).toBe(0);
    holding.release({ heldSinceMs: -1, restsSinceMs: 5 });
    expect(holding.due).toBe(rests ? 1 : 0);
  });

  it('is due after its time, counted from the first that was heard', () => {
    const holding = createHolding({ eventsMax });
    const way = deliveredWay(messageAt());
    holding.add(way[0] as LoggedEvent, 1);
    holding.add(submitted(), 2);
    holding.add(way[1] as LoggedEvent, 3);
    holding.release({ ...nothing, heldSinceMs: 1 });
    expect(holding.take(10).map(({ row }) => row.verdict.state)).toEqual(['routed']);
  });

  it('is taken first when somebody asks for it', () => {
    const holding = createHolding({ eventsMax });
    const [first, second, third] = [0, 1, 2].map(() => holding.add(submitted(), 1));
    holding.releaseThose((one) => one !== third);
    holding.releaseFirst(second!);
    holding.releaseFirst(third!);
    expect([...holding.take(2), ...holding.take(2)]).toEqual([third, second, first]);
  });

  it('is given up from the oldest on when it is too much', () => {
    const holding = createHolding({ eventsMax: 8 });
    const all = Array.from({ length: 9 }, () => holding.add(submitted(), 1));
    expect(holding.take(100)).toEqual(all.slice(0, 3));
  });

  it('counts by its length: long ones are given up sooner', () => {
    const holding = createHolding({ eventsMax: 8 });
    const message = messageAt(t0, { content: { kind: 'text', text: 'x'.repeat(8_000) } });
    const [accepted, routed] = deliveredWay(message);
    const held = holding.add(accepted!, 1);
    expect([held.events, holding.due]).toEqual([9, 1]);
    expect(holding.add(routed!, 1).events).toBe(18);
  });

  it('is taken once, whatever comes when, with every event of it', () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat({ max: 5 }), event: fc.nat({ max: 4 }) }),
      fc.record({ release: fc.nat({ max: 40 }), rests: fc.nat({ max: 40 }) }),
      fc.record({ first: fc.nat({ max: 5 }) }),
      fc.record({ tenant: fc.constantFrom('acme', 'other') }),
      fc.record({ take: fc.integer({ min: 1, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (steps, most) => {
        const messages = Array.from({ length: 6 }, (_, i) => messageAt(t0, { tenant: i % 2 ? 'acme' : 'other' }));
        const holding = createHolding({ eventsMax: most });
        let [added, taken] = [0, 0];
        const take = (rowsMax: number): void => {
          for (const one of holding.take(rowsMax)) {
            expect(one.due).toBe(true);
            expect(holding.get(one.row.id)).not.toBe(one);
            taken += one.events;
          }
        };
        steps.forEach((one, nowMs) => {
          if ('add' in one) {
            holding.add(deliveredWay(messages[one.add]!)[one.event]!, nowMs);
            added++;
            const heldBack = messages.flatMap(({ id }) => holding.get(id) ?? []).filter(({ due }) => !due);
            expect(heldBack.reduce((sum, { events }) => sum + events, 0)).toBeLessThanOrEqual(most);
          } else if ('release' in one) holding.release({ heldSinceMs: nowMs - one.release, restsSinceMs: nowMs - one.rests });
          else if ('first' in one) {
            const held = holding.get(messages[one.first]!.id);
            if (held) holding.releaseFirst(held);
          } else if ('tenant' in one) holding.releaseThose(({ row }) => row.tenant === one.tenant);
          else take(one.take);
        });
        holding.release({ heldSinceMs: Infinity, restsSinceMs: Infinity });
        while (holding.due > 0) take(3);
        expect([taken, holding.size]).toEqual([added, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
