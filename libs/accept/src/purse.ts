/** One lease as its ingress holds it. Amounts in micro-credits; times are ms of a steady clock, which nobody sets. */
export interface HeldLease {
  readonly id: string;
  /** What it may be spent on, as `capScopeOf` says. */
  readonly scope: string;
  remaining: bigint;
  spent: bigint;
  /** From then on it is not spent any more. */
  readonly untilMs: number;
  /** Records that carry this lease and are not known to be stored. */
  unstored: number;
  /** It will be given back as soon as every record is stored. */
  retired: boolean;
}

/** A tenant's leases of one scope in one ingress: taking from them is a few comparisons, no I/O. */
export interface Purse {
  /** Spends from one lease, or undefined when none has so much. */
  take(amount: bigint, nowMs: number): HeldLease | undefined;
  /** A record that carried the lease is stored. */
  stored(lease: HeldLease): void;
  /** It certainly is not stored: the amount can be spent again. */
  refused(lease: HeldLease, amount: bigint): void;
  add(lease: HeldLease): void;
  /** Stops spending of a lease, or of those that have expired or are empty. */
  retire(id: string): void;
  retireSpent(nowMs: number): void;
  retireAll(): void;
  /** The retired leases whose records are all stored; they leave the purse. */
  takeReturnable(): HeldLease[];
  remaining(nowMs: number): bigint;
  readonly spentEver: bigint;
  readonly size: number;
}

export function createPurse(): Purse {
  let leases: HeldLease[] = [];
  let spentEver = 0n;
  const usable = (lease: HeldLease, nowMs: number): boolean => !lease.retired && lease.untilMs > nowMs;
  return {
    take(amount, nowMs) {
      for (const lease of leases) {
        if (lease.remaining < amount || !usable(lease, nowMs)) continue;
        lease.remaining -= amount;
        lease.spent += amount;
        lease.unstored++;
        spentEver += amount;
        return lease;
      }
      return undefined;
    },
    stored(lease) {
      lease.unstored--;
    },
    refused(lease, amount) {
      lease.unstored--;
      lease.spent -= amount;
      lease.remaining += amount;
      spentEver -= amount;
    },
    add: (lease) => void leases.push(lease),
    retire(id) {
      for (const lease of leases) if (lease.id === id) lease.retired = true;
    },
    retireSpent(nowMs) {
      for (const lease of leases) if (lease.remaining === 0n || lease.untilMs <= nowMs) lease.retired = true;
    },
    retireAll() {
      for (const lease of leases) lease.retired = true;
    },
    takeReturnable() {
      const returnable = leases.filter((lease) => lease.retired && lease.unstored === 0);
      if (returnable.length > 0) leases = leases.filter((lease) => !returnable.includes(lease));
      return returnable;
    },
    remaining: (nowMs) => leases.reduce((sum, lease) => (usable(lease, nowMs) ? sum + lease.remaining : sum), 0n),
    get spentEver() {
      return spentEver;
    },
    get size() {
      return leases.length;
    },
  };
}
