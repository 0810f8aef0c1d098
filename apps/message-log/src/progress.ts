/** How far a stream has been written here: what read-your-writes waits for. */
export interface Progress {
  /** An event of this record has been taken. */
  taken(seq: number): void;
  /** It is committed. */
  written(seq: number): void;
  /** Resolves true when every record up to `seq` is written here, false after `timeoutMs`. */
  reached(seq: number, timeoutMs: number): Promise<boolean>;
  /** Nothing of it came here for long, though the stream is always being read: it was written before this process began, or by another one. */
  passed(seq: number): void;
}

export function createProgress(): Progress {
  /** Events not written, by record; as records come in order, the first key is the oldest. */
  const unwritten = new Map<number, number>();
  const waiting = new Set<{ seq: number; resolve: (reached: boolean) => void }>();
  let highest = 0;

  function position(): number {
    const [oldest] = unwritten.keys();
    return oldest === undefined ? highest : oldest - 1;
  }

  return {
    taken(seq) {
      unwritten.set(seq, (unwritten.get(seq) ?? 0) + 1);
      if (seq > highest) highest = seq;
    },
    written(seq) {
      const left = (unwritten.get(seq) ?? 0) - 1;
      if (left > 0) return void unwritten.set(seq, left);
      unwritten.delete(seq);
      if (waiting.size === 0) return;
      const upTo = position();
      for (const one of waiting) if (one.seq <= upTo) one.resolve(true);
    },
    async reached(seq, timeoutMs) {
      if (position() >= seq) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const one = { seq, resolve };
      waiting.add(one);
      const timer = setTimeout(() => resolve(false), timeoutMs);
      const reached = await promise;
      clearTimeout(timer);
      waiting.delete(one);
      return reached;
    },
    passed(seq) {
      if (unwritten.size === 0 && seq > highest) highest = seq;
    },
  };
}
