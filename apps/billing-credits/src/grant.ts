/** A lease of the tenant that is not closed, or was granted so lately that its ingress may come again. Times are unix ms. */
export interface KnownLease {
  readonly id: string;
  readonly ingress: string;
  readonly state: 'active' | 'returned' | 'expired' | 'closed';
  /** Micro-credits of it that are neither charged nor back in the balance. */
  readonly held: bigint;
  readonly expiresAtMs: number;
  readonly recalledAtMs?: number;
}

export interface GrantFacts {
  /** Micro-credits: balance and credit limit together. Below zero after late records. */
  readonly available: bigint;
  readonly leases: readonly KnownLease[];
  /** A lease that is not given back is closed so long after its end, ms. */
  readonly graceMs: number;
}

export interface GrantRequest {
  readonly ingress: string;
  readonly need: bigint;
  readonly want: bigint;
}

/** `retry`: credit is out and may come back in a moment; these leases are to be recalled. */
export type GrantDecision =
  | { readonly kind: 'grant'; readonly microCredits: bigint }
  | { readonly kind: 'retry'; readonly recall: readonly KnownLease[] }
  | { readonly kind: 'no_credit' };

/** An ingress that is alive gives a lease back within this long of being told: its publishes are acknowledged in milliseconds, retried for some. */
export const comeBackMsMax = 3_000;

export function decideGrant(request: GrantRequest, facts: GrantFacts, nowMs: number): GrantDecision {
  const { available, leases, graceMs } = facts;
  if (available >= request.need) {
    const othersMayWant = leases.some(({ ingress }) => ingress !== request.ingress);
    return { kind: 'grant', microCredits: sizeLease({ ...request, available, othersMayWant }) };
  }
  const comingBack = leases.filter((lease) => mayComeBack(lease, graceMs, nowMs));
  const atBest = comingBack.reduce((sum, { held }) => sum + held, available);
  if (atBest < request.need) return { kind: 'no_credit' };
  return { kind: 'retry', recall: comingBack.filter(({ state, expiresAtMs }) => state === 'active' && expiresAtMs > nowMs) };
}

/**
 * At least the need, at most what is wanted. While others may want some, at most a quarter of what is left beyond the need, in whole messages of this size:
 * leases shrink as the balance does, down to one message, so that the last credit can be spent from anywhere.
 */
export function sizeLease({ available, need, want, othersMayWant }: GrantRequest & { available: bigint; othersMayWant: boolean }): bigint {
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
