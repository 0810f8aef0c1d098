/** A tenant's program that submits until it is accepted. */
export interface Submitter {
  readonly tenant: string;
  /** Submissions that may wait for their answer at once. */
  readonly atOnceMax: number;
  /** Long texts may be given whole. */
  readonly cutsTexts: boolean;
  /** Resolves with the message id. */
  submit(to: string, text: string): Promise<string>;
}

/** Messages that keep coming, in turn from each submitter, at a pace; where answers are slow, fewer. */
export interface Load {
  /** Message ids, by submitter. */
  accepted(): readonly { readonly tenant: string; readonly ids: readonly string[] }[];
  acceptedCount(): number;
  /** Longest time between two answers that accepted a message, since `watchPause`, ms. */
  longestPauseMs(): number;
  watchPause(): void;
  /** Resolves when so many are accepted in all; rejects when the load broke. */
  reached(count: number): Promise<void>;
  /** Resolves, with the time, when a message is accepted that was not asked for before now. */
  acceptsAgain(): Promise<number>;
  /** Submits until so many were submitted in all; resolves when each has its id. */
  finish(count: number): Promise<void>;
  /** Submits nothing more. */
  stop(): void;
}

const tickMs = 20;

export function startLoad({ submitters, perSecond, first = 0, now = Date.now }: LoadOptions): Load {
  const seats = submitters.map((submitter) => ({ ...submitter, accepted: [] as string[], outstanding: 0 }));
  const waiting: { isMet: () => boolean; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let submitted = 0;
  let acceptedCount = 0;
  let until = Infinity;
  let broken: unknown;
  let lastMs = now();
  let longestPauseMs = 0;
  let askedAfterMs = Infinity;
  let againAtMs: number | undefined;
  let turn = 0;
  let due = 0;
  let dueAtMs = now();

  const timer = setInterval(() => {
    const nowMs = now();
    due = Math.min(perSecond, due + ((nowMs - dueAtMs) * perSecond) / 1000);
    dueAtMs = nowMs;
    for (; due >= 1 && submitted < until; due--) {
      const seat = nextFree();
      if (!seat) return;
      void submitOne(seat);
    }
  }, tickMs);

  /** One whose door is shut loses its turn: the others must not wait for it. */
  function nextFree(): (typeof seats)[number] | undefined {
    for (const _ of seats) {
      const seat = seats[turn++ % seats.length];
      if (seat && seat.outstanding < seat.atOnceMax) return seat;
    }
    return undefined;
  }

  async function submitOne(seat: (typeof seats)[number]): Promise<void> {
    const n = first + submitted++;
    const askedMs = now();
    seat.outstanding++;
    try {
      seat.accepted.push(await seat.submit(`4479${10_000_000 + n}`, textOf(seat, n)));
      acceptedCount++;
      const nowMs = now();
      longestPauseMs = Math.max(longestPauseMs, nowMs - lastMs);
      lastMs = nowMs;
      if (askedMs >= askedAfterMs) againAtMs ??= nowMs;
    } catch (error) {
      broken ??= error;
    }
    seat.outstanding--;
    look();
  }

  function look(): void {
    for (const one of [...waiting]) {
      if (broken === undefined && !one.isMet()) continue;
      waiting.splice(waiting.indexOf(one), 1);
      if (broken === undefined) one.resolve();
      else one.reject(broken);
    }
  }

  function when(isMet: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push({ isMet, resolve, reject });
    look();
    return promise;
  }

  return {
    accepted: () => seats.map(({ tenant, accepted }) => ({ tenant, ids: accepted })),
    acceptedCount: () => acceptedCount,
    longestPauseMs: () => longestPauseMs,
    watchPause() {
      lastMs = now();
      longestPauseMs = 0;
    },
    reached: (count) => when(() => acceptedCount >= count),
    async acceptsAgain() {
      askedAfterMs = now();
      againAtMs = undefined;
      await when(() => againAtMs !== undefined);
      return againAtMs ?? now();
    },
    async finish(count) {
      until = Math.max(count, submitted);
      await when(() => submitted >= until && acceptedCount >= until);
    },
    stop: () => clearInterval(timer),
  };
}

export interface LoadOptions {
  /** In turn, and again. */
  readonly submitters: readonly Submitter[];
  readonly perSecond: number;
  /** Number of the first message: no two of a stack are the same. Default 0. */
  readonly first?: number;
  readonly now?: () => number;
}

/** Every tenth takes two segments, where the door cuts it. */
function textOf({ tenant, cutsTexts }: Submitter, n: number): string {
  const text = `${tenant} says ${n}`;
  return cutsTexts && n % 10 === 0 ? text.padEnd(200, ' and more') : text;
}
