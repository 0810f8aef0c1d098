import { afterBound, afterEnd, noReconnect } from './reconnect.ts';

/** One bind's leave to connect. */
export interface Turn {
  /** The provider has taken it. */
  bound(): void;
  /** The link is over, `boundMs` after it was bound, 0 if it never was. */
  ended(boundMs: number): void;
}

/** The binds of one connector connect one after the other: a provider that is down, or refuses, is asked by one of them. */
export interface Turns {
  /** Resolves when it is the caller's turn, which lasts until it is bound or over; with undefined when `signal` aborts. */
  take(signal: AbortSignal): Promise<Turn | undefined>;
}

export interface TurnsOptions {
  readonly now?: () => number;
  readonly random?: () => number;
}

export function createTurns({ now = () => performance.now(), random = Math.random }: TurnsOptions = {}): Turns {
  const waiting = new Set<() => void>();
  let reconnect = noReconnect;
  let taken = false;
  let timer: NodeJS.Timeout | undefined;

  function next(): void {
    clearTimeout(timer);
    const [first] = waiting;
    if (taken || !first) return;
    const waitMs = reconnect.openAtMs - now();
    if (waitMs > 0) return void (timer = setTimeout(next, waitMs));
    waiting.delete(first);
    taken = true;
    first();
  }

  function turn(): Turn {
    let connecting = true;
    const leave = (): void => {
      if (connecting) taken = connecting = false;
      next();
    };
    return {
      bound() {
        reconnect = afterBound(reconnect, now(), random());
        leave();
      },
      ended(boundMs) {
        reconnect = afterEnd(reconnect, boundMs, now(), random());
        leave();
      },
    };
  }

  return {
    take(signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve(undefined);
        const begin = (): void => {
          signal.removeEventListener('abort', abort);
          resolve(turn());
        };
        const abort = (): void => {
          waiting.delete(begin);
          next();
          resolve(undefined);
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting.add(begin);
        next();
      });
    },
  };
}
