import type { CircuitState } from '@heliograph/message';
import type { AnswerKind } from '../send/answer.ts';

/** What became of a segment; `cut`: it was written, and the link ended before the answer. */
export type Sign = AnswerKind | 'cut';

/**
 * Whether the provider takes anything at the moment. A slow answer is an answer; a message that is refused for good is that message's fault; and
 * "too fast" is the pace's business: none of them opens it. Times are unix ms.
 */
export interface Circuit {
  /** 0: a message may go out now; Infinity: not before the one that is under way has its answer, or a link is bound. */
  waitMs(now: number): number;
  /** A message has gone out; while it is open, that is the one that tries. */
  sent(now: number): void;
  /** A segment that went out at `sentAtMs` has come to this. */
  settled(sign: Sign, sentAtMs: number, now: number): void;
  /** Links that may submit. */
  linksChanged(bound: number, now: number): void;
  /** What time alone changes: to be called now and then. */
  look(now: number): void;
  /** Not closed: what waits here goes out one by one, or not at all. */
  isOpen(now: number): boolean;
  readonly state: CircuitState;
  /** When it was closed, or has ceased to be, last; undefined: it has been closed ever since. */
  readonly sinceMs: number | undefined;
  /** Why it opened last. */
  readonly why: string | undefined;
}

export interface CircuitOptions {
  readonly now: number;
  /** Its state is another, at this moment. */
  readonly onChange?: () => void;
}

/** Links come back within a second or two where the provider only restarts them. */
const unboundMsMax = 5_000;
/** More than half of the last ten seconds' segments. With fewer than 20 that is chance: then so many in a row. */
const ringSeconds = 10;
const segmentsMin = 20;
const inARowMax = 5;
/** What was in one window is cut together, and says one thing. */
const cutEveryMs = 1_000;

const probeDelayMsMin = 1_000;
const probeDelayMsMax = 30_000;

/** How long after it opened, then after each probe that failed, the next goes out: 1 s doubling to 30 s. */
export function probeDelayMs(failures: number): number {
  return Math.min(probeDelayMsMin * 2 ** failures, probeDelayMsMax);
}

type Meaning = 'good' | 'bad' | 'cut' | 'nothing';

const meanings: Readonly<Record<Sign, Meaning>> = {
  accepted: 'good',
  permanent: 'good',
  throttled: 'good',
  later: 'bad',
  unknown: 'bad',
  cut: 'cut',
  unsent: 'nothing',
  unsendable: 'nothing',
};

export function createCircuit({ now: createdAt, onChange = () => {} }: CircuitOptions): Circuit {
  let state: CircuitState = 'closed';
  let sinceMs: number | undefined;
  let why: string | undefined;
  let byLinks = false;
  /** What went out before says nothing of what the state has become. */
  let heedSentFromMs = -Infinity;
  let bound = 0;
  let unboundSinceMs = createdAt;
  let badInARow = 0;
  let cutAtMs = -Infinity;
  let probeFailures = 0;
  let probeAtMs = 0;
  const ring = createRing();

  function open(reason: string, now: number): void {
    state = 'open';
    sinceMs = now;
    why = reason;
    byLinks = bound === 0;
    probeFailures = 0;
    probeAtMs = now + probeDelayMs(0);
    onChange();
  }

  function close(now: number): void {
    state = 'closed';
    sinceMs = now;
    heedSentFromMs = now;
    badInARow = 0;
    ring.clear();
    onChange();
  }

  function probed(meaning: Meaning, now: number): void {
    if (meaning === 'good') return close(now);
    state = 'open';
    if (meaning !== 'nothing') probeFailures++;
    probeAtMs = meaning === 'nothing' ? now : now + probeDelayMs(probeFailures);
    onChange();
  }

  function count(meaning: Meaning, now: number): void {
    if (meaning === 'nothing') return;
    if (meaning === 'good') badInARow = 0;
    else if (meaning === 'bad') badInARow++;
    else if (now - cutAtMs >= cutEveryMs) {
      cutAtMs = now;
      badInARow++;
    }
    if (meaning !== 'cut') ring.add(meaning === 'bad', now);
    if (meaning === 'good') return;
    const { settled, bad } = ring.sums(now);
    if (settled >= segmentsMin && bad * 2 > settled) open(`${bad} of the last ${settled} segments were not answered, or put off`, now);
    else if (settled < segmentsMin && badInARow >= inARowMax) open(`${badInARow} in a row were not answered, or put off`, now);
  }

  function look(now: number): void {
    if (state === 'closed' && bound === 0 && now - unboundSinceMs >= unboundMsMax) open('no link is bound', now);
  }

  return {
    look,
    waitMs(now) {
      look(now);
      if (state === 'closed') return 0;
      if (state === 'half-open' || bound === 0) return Infinity;
      return Math.max(0, probeAtMs - now);
    },
    sent(now) {
      if (state !== 'open') return;
      state = 'half-open';
      heedSentFromMs = now;
      onChange();
    },
    settled(sign, sentAtMs, now) {
      if (state === 'open' || sentAtMs < heedSentFromMs) return;
      if (state === 'half-open') probed(meanings[sign], now);
      else count(meanings[sign], now);
    },
    linksChanged(links, now) {
      const before = bound;
      bound = links;
      if (links === 0 && before > 0) unboundSinceMs = now;
      if (links === 0 || before > 0 || state !== 'open') return;
      // it has answered a bind: what it lacked is there, or may be tried again
      if (byLinks) close(now);
      else {
        probeFailures = 0;
        probeAtMs = now;
      }
    },
    isOpen(now) {
      look(now);
      return state !== 'closed';
    },
    get state() {
      return state;
    },
    get sinceMs() {
      return sinceMs;
    },
    get why() {
      return why;
    },
  };
}

/** Counts of the last ten seconds, by second. */
function createRing() {
  const settled = new Array<number>(ringSeconds).fill(0);
  const bad = new Array<number>(ringSeconds).fill(0);
  let second = 0;

  function turn(now: number): number {
    const current = Math.floor(now / 1_000);
    // all of it at most; a clock that was put back counts on in the second it had
    for (let gone = Math.min(current - second, ringSeconds); gone > 0; gone--) {
      const i = (current - gone + 1) % ringSeconds;
      settled[i] = bad[i] = 0;
    }
    second = Math.max(second, current);
    return second % ringSeconds;
  }

  return {
    add(isBad: boolean, now: number): void {
      const i = turn(now);
      settled[i] = (settled[i] as number) + 1;
      if (isBad) bad[i] = (bad[i] as number) + 1;
    },
    sums(now: number): { settled: number; bad: number } {
      turn(now);
      return { settled: sum(settled), bad: sum(bad) };
    },
    clear(): void {
      settled.fill(0);
      bad.fill(0);
    },
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
