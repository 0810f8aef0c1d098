import type { ConnectorHealth } from '@heliograph/message';
import type { Sign } from './circuit.ts';

type Counts = ConnectorHealth['lastMinute'];
type Counted = keyof Counts;

/** What became of the segments of the last minute, and how long their answers took. Times are unix ms. */
export interface Tally {
  add(sign: Sign, tookMs: number, now: number): void;
  sums(now: number): { readonly lastMinute: Counts; readonly responseMs?: number };
}

const kinds = ['accepted', 'later', 'throttled', 'permanent', 'unknown'] as const satisfies readonly Counted[];
const counted: Readonly<Partial<Record<Sign, Counted>>> = { ...Object.fromEntries(kinds.map((kind) => [kind, kind])), cut: 'unknown' };
const seconds = 60;

type Second = Record<Counted, number> & { at: number; answers: number; tookMs: number };

export function createTally(): Tally {
  const ring = Array.from({ length: seconds }, emptySecond);

  function secondOf(now: number): Second {
    const at = Math.floor(now / 1_000);
    const i = at % seconds;
    const one = ring[i] as Second;
    return one.at === at ? one : (ring[i] = { ...emptySecond(), at });
  }

  return {
    add(sign, tookMs, now) {
      const kind = counted[sign];
      if (!kind) return;
      const second = secondOf(now);
      second[kind]++;
      // who never answered did not take so long to answer
      if (kind === 'unknown') return;
      second.answers++;
      second.tookMs += tookMs;
    },
    sums(now) {
      const current = Math.floor(now / 1_000);
      const recent = ring.filter(({ at }) => at > current - seconds && at <= current);
      const sum = (of: (second: Second) => number): number => recent.reduce((total, second) => total + of(second), 0);
      const answers = sum((second) => second.answers);
      return {
        lastMinute: Object.fromEntries(kinds.map((kind) => [kind, sum((second) => second[kind])])) as unknown as Counts,
        ...(answers > 0 ? { responseMs: Math.round(sum((second) => second.tookMs) / answers) } : {}),
      };
    },
  };
}

function emptySecond(): Second {
  return { at: 0, accepted: 0, later: 0, throttled: 0, permanent: 0, unknown: 0, answers: 0, tookMs: 0 };
}
