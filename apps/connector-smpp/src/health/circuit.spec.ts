import { describe, expect, test } from '@jest/globals';
import { createCircuit, probeDelayMs, type Circuit, type Sign } from './circuit.ts';

const t0 = Date.parse('2026-11-20T10:00:00Z');

/** Bound at t0; what settles was sent `tookMs` before. */
function bound(onChange: () => void = () => {}): {
  circuit: Circuit;
  settle: (sign: Sign, count: number, atMs: number, tookMs?: number) => void;
} {
  const circuit = createCircuit({ now: t0, onChange });
  circuit.linksChanged(1, t0);
  return {
    circuit,
    settle(sign, count, atMs, tookMs = 50) {
      for (let i = 0; i < count; i++) circuit.settled(sign, t0 + atMs - tookMs, t0 + atMs);
    },
  };
}

describe('a circuit is', () => {
  type Settled = readonly [sign: Sign, count: number, atMs: number];
  const cases: [name: string, settled: readonly Settled[], state: Circuit['state']][] = [
    ['closed at first', [], 'closed'],
    ['closed after four in a row without an answer', [['unknown', 4, 1_000]], 'closed'],
    ['open after five in a row without an answer', [['unknown', 5, 1_000]], 'open'],
    ['open after five in a row that are to come later', [['later', 5, 1_000]], 'open'],
    ['open after five in a row, minutes apart', [0, 1, 2, 3, 4].map((i) => ['unknown', 1, i * 120_000] as const), 'open'],
    [
      'closed when a good one is between',
      [
        ['later', 4, 1_000],
        ['accepted', 1, 1_100],
        ['later', 4, 1_200],
      ],
      'closed',
    ],
    ['closed when it refuses for good: the provider answers', [['permanent', 100, 1_000]], 'closed'],
    ['closed when it is too fast: that is the pace’s business', [['throttled', 100, 1_000]], 'closed'],
    [
      'closed when five in a row fail of many that do not',
      [
        ['accepted', 30, 1_000],
        ['later', 9, 1_500],
      ],
      'closed',
    ],
    [
      'closed at half of twenty',
      [
        ['accepted', 15, 1_000],
        ['later', 15, 1_500],
      ],
      'closed',
    ],
    [
      'open above half of twenty',
      [
        ['accepted', 15, 1_000],
        ['later', 16, 1_500],
      ],
      'open',
    ],
    [
      'open when what was good is more than ten seconds old',
      [
        ['accepted', 500, 1_000],
        ['later', 20, 12_000],
      ],
      'open',
    ],
    ['closed when a link is cut with a whole window', [['cut', 100, 1_000]], 'closed'],
    ['open when five links in a row are cut with something in them', [1, 2, 3, 4, 5].map((i) => ['cut', 100, i * 2_000] as const), 'open'],
    [
      'closed when nothing went out',
      [
        ['unsent', 100, 1_000],
        ['unsendable', 100, 1_000],
      ],
      'closed',
    ],
  ];
  test.each(cases)('%s', (_, settled, state) => {
    const { circuit, settle } = bound();
    for (const one of settled) settle(...one);
    expect(circuit.state).toBe(state);
  });

  test('closed for a provider that takes 50 s to answer, and does', () => {
    const { circuit, settle } = bound();
    for (let at = 50_000; at < 200_000; at += 1_000) settle('accepted', 2, at, 50_000);
    expect([circuit.state, circuit.waitMs(t0 + 200_000)]).toEqual(['closed', 0]);
  });
});

describe('links', () => {
  test('that were never bound open it after five seconds, and the first that is closes it', () => {
    const circuit = createCircuit({ now: t0 });
    expect([circuit.isOpen(t0 + 4_999), circuit.isOpen(t0 + 5_000), circuit.why]).toEqual([false, true, 'no link is bound']);
    expect(circuit.waitMs(t0 + 60_000)).toBe(Infinity);
    circuit.linksChanged(1, t0 + 60_000);
    expect([circuit.state, circuit.sinceMs]).toEqual(['closed', t0 + 60_000]);
  });

  test('that are bound again in time leave it closed', () => {
    const { circuit } = bound();
    circuit.linksChanged(0, t0 + 10_000);
    circuit.linksChanged(1, t0 + 14_000);
    expect(circuit.isOpen(t0 + 60_000)).toBe(false);
    circuit.linksChanged(0, t0 + 70_000);
    expect([circuit.isOpen(t0 + 74_999), circuit.isOpen(t0 + 75_000)]).toEqual([false, true]);
  });

  test('that are bound again while it is open for its answers let the next try go at once', () => {
    const { circuit, settle } = bound();
    settle('unknown', 5, 1_000);
    circuit.linksChanged(0, t0 + 1_100);
    expect(circuit.waitMs(t0 + 1_200)).toBe(Infinity);
    circuit.linksChanged(1, t0 + 1_300);
    expect([circuit.state, circuit.waitMs(t0 + 1_300)]).toEqual(['open', 0]);
  });
});

describe('an open circuit', () => {
  function opened() {
    const it = bound();
    it.settle('unknown', 5, 1_000);
    return { ...it, at: t0 + 1_000 };
  }

  test('lets one message try after a second; while that is under way none', () => {
    const { circuit, at } = opened();
    expect([circuit.waitMs(at), circuit.waitMs(at + 400), circuit.waitMs(at + 1_000)]).toEqual([1_000, 600, 0]);
    circuit.sent(at + 1_000);
    expect([circuit.state, circuit.waitMs(at + 90_000), circuit.sinceMs]).toEqual(['half-open', Infinity, at]);
  });

  test.each<[Sign, Circuit['state'], number]>([
    ['accepted', 'closed', 0],
    ['permanent', 'closed', 0],
    ['throttled', 'closed', 0],
    ['later', 'open', 2_000],
    ['unknown', 'open', 2_000],
    ['cut', 'open', 2_000],
    ['unsent', 'open', 0],
    ['unsendable', 'open', 0],
  ])('whose try comes to %s is %s, and waits for %i ms', (sign, state, waitMs) => {
    const { circuit, at } = opened();
    circuit.sent(at + 1_000);
    circuit.settled(sign, at + 1_000, at + 1_500);
    expect([circuit.state, circuit.waitMs(at + 1_500)]).toEqual([state, waitMs]);
  });

  test('does not heed what went out before', () => {
    const { circuit, at } = opened();
    circuit.settled('accepted', at - 500, at + 10);
    circuit.sent(at + 1_000);
    for (const sign of ['accepted', 'unknown'] as const) circuit.settled(sign, at - 500, at + 1_100);
    expect(circuit.state).toBe('half-open');
    circuit.settled('accepted', at + 1_000, at + 1_200);
    for (let i = 0; i < 50; i++) circuit.settled('unknown', at - 400, at + 1_300);
    expect(circuit.state).toBe('closed');
  });

  test('tells of each change', () => {
    const seen: string[] = [];
    const { circuit, settle } = bound(() => seen.push(circuit.state));
    settle('later', 5, 1_000);
    circuit.sent(t0 + 2_000);
    circuit.settled('later', t0 + 2_000, t0 + 2_100);
    circuit.sent(t0 + 5_000);
    circuit.settled('accepted', t0 + 5_000, t0 + 5_100);
    expect(seen).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });
});

test('tries come 1 s apart, doubling to 30 s for ever', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1_000].map((failures) => probeDelayMs(failures) / 1_000)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
});
