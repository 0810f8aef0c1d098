/** A lease of the tenant that is not closed, or was granted so lately that its ingress may come again. Times are unix ms. */
export interface KnownLease {
  readonly id: string;
  readonly ingress: string;
  readonly state: 'active' | 'returned' | 'expired' | 'closed';
  /** Micro-credits of it that are neither charged nor back in the balance. */
  readonly held: bigint;
  readonly expiresAtMs: number;
  readonly recalledAtMs?: number;
  /** The destination caps that it was granted for. */
  readonly scope: readonly string[];
  /** Whether its charges count for this day. */
  readonly ofToday: boolean;
}

/** What a spending cap leaves of this day, micro-credits; below zero when it was lowered. Empty prefix: of everything. */
export interface CapLeft {
  readonly prefix: string;
  readonly left: bigint;
}

export interface GrantFacts {
  /** Micro-credits: balance and credit limit together. Below zero after late records. */
  readonly available: bigint;
  readonly leases: readonly KnownLease[];
  /** A lease that is not given back is closed so long after its end, ms. */
  readonly graceMs: number;
  /** The caps that the lease would count towards. */
  readonly caps: readonly CapLeft[];
  /** When the day (UTC) ends, unix ms. */
  readonly dayEndsAtMs: number;
}

export interface GrantRequest {
  readonly ingress: string;
  /** The destination caps that fit the message at hand, in order. */
  readonly scope: readonly string[];
  readonly need: bigint;
  readonly want: bigint;
}

/** `retry`: credit is out and may come back in a moment; these leases are to be recalled. With `afterMs`, the day is over then. */
export type GrantDecision =
  | { readonly kind: 'grant'; readonly microCredits: bigint }
  | { readonly kind: 'retry'; readonly recall: readonly KnownLease[]; readonly afterMs?: number }
  | { readonly kind: 'no_credit' }
  | { readonly kind: 'capped'; readonly prefix: string };

/** An ingress that is alive gives a lease back within this long of being told: its publishes are acknowledged in milliseconds, retried for some. */
export const comeBackMsMax = 3_000;

/**
 * A lease under a cap ends with its day, and an ingress stops spending it a second before: one that would be of no use any more is not granted.
 * Messages wait for the new day, less long than an ingress has patience.
 */
export const dayMarginMs = 2_000;

/** A grant must be covered by the account and by every cap. What one of them lacks may be out in leases that draw on it, and come back. */
export function decideGrant(request: GrantRequest, facts: GrantFacts, nowMs: number): GrantDecision {
  const { available, leases, graceMs, caps, dayEndsAtMs } = facts;
  const { ingress, need } = request;
  if (caps.length > 0 && dayEndsAtMs - nowMs < dayMarginMs) return { kind: 'retry', recall: [], afterMs: dayEndsAtMs - nowMs };
  const pots: readonly Pot[] = [
    { left: available, leases, empty: { kind: 'no_credit' } },
    ...caps.map(({ prefix, left }): Pot => ({
      left,
      leases: leases.filter(({ ofToday, scope }) => ofToday && (prefix === '' || scope.includes(prefix))),
      empty: { kind: 'capped', prefix },
    })),
  ];
  const short = pots.filter(({ left }) => left < need);
  if (short.length === 0) {
    const least = pots.reduce((min, { left }) => (left < min ? left : min), available);
    // a purse of other caps is another's, also in the same process
    const othersMayWant = leases.some((lease) => lease.ingress !== ingress || String(lease.scope) !== String(request.scope));
    return { kind: 'grant', microCredits: sizeLease({ ...request, available: least, othersMayWant }) };
  }
  const recall = new Set<KnownLease>();
  for (const { left, leases: drawing, empty } of short) {
    const comingBack = drawing.filter((lease) => mayComeBack(lease, graceMs, nowMs));
    const atBest = comingBack.reduce((sum, { held }) => sum + held, left);
    if (atBest < need) return empty;
    for (const lease of comingBack) if (lease.state === 'active' && lease.expiresAtMs > nowMs) recall.add(lease);
  }
  return { kind: 'retry', recall: [...recall] };
}

/** What a grant is taken from: the account, or what a cap leaves of it. */
interface Pot {
  readonly left: bigint;
  /** Those that have taken from it. */
  readonly leases: readonly KnownLease[];
  readonly empty: Extract<GrantDecision, { kind: 'no_credit' | 'capped' }>;
}

/**
 * At least the need, at most what is wanted. While others may want some, at most a quarter of what is left beyond the need, in whole messages of this size:
 * leases shrink as the balance does, down to one message, so that the last credit can be spent from anywhere.
 */
export function sizeLease({
  available,
  need,
  want,
  othersMayWant,
}: Pick<GrantRequest, 'need' | 'want'> & { available: bigint; othersMayWant: boolean }): bigint {
  const beyond = available - need;
  const share = othersMayWant ? beyond / 4n : beyond;
  const extra = want - need < share ? want - need : share;
  if (extra <= 0n) return need;
  // a part of a message is of no use to its holder, and may be what another ingress lacks
  return othersMayWant && extra === share ? need + extra - (extra % need) : need + extra;
}

/** What a returned lease holds has been spent. The others are given back soon after their ingress was told to, or else when the sweeper closes them. */
function mayComeBack({ state, held, expiresAtMs, recalledAtMs }: KnownLease, graceMs: number, nowMs: number): boolean {
  if (held === 0n) return false;
  const closesAtMs = expiresAtMs + graceMs;
  if (Math.abs(closesAtMs - nowMs) < comeBackMsMax) return true;
  const toldAtMs = Math.min(recalledAtMs ?? Infinity, expiresAtMs);
  return state !== 'returned' && nowMs - toldAtMs < comeBackMsMax;
}
