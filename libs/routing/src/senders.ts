/** Senders that are allowed, or that a rule is for. */
export interface SenderList {
  /** `addr`: as SMPP has it; empty: no sender. */
  has(addr: string): boolean;
}

/** Patterns as `senderPattern` takes them. */
export function compileSenders(patterns: readonly string[]): SenderList {
  const exact = new Set(patterns.filter((pattern) => !isBeginning(pattern)).map(normalSender));
  const beginnings = patterns.filter(isBeginning).map((pattern) => normalSender(pattern.slice(0, -1)));
  return {
    has(addr) {
      const sender = normalSender(addr);
      return exact.has(sender) || beginnings.some((beginning) => sender.startsWith(beginning));
    },
  };
}

/** A list that allows everything when it has nothing, as those of connectors and tenants do. */
const allowed = new WeakMap<readonly string[], SenderList>();

/** Undefined: all are. What is kept of it is compiled once for each list. */
export function allowedSenders(patterns: readonly string[]): SenderList | undefined {
  if (patterns.length === 0) return undefined;
  let list = allowed.get(patterns);
  if (!list) allowed.set(patterns, (list = compileSenders(patterns)));
  return list;
}

export function isBeginning(pattern: string): boolean {
  return pattern.endsWith('*');
}

/** The same text for senders that are the same. */
export function normalSender(addr: string): string {
  return (addr.startsWith('+') ? addr.slice(1) : addr).toLowerCase();
}
