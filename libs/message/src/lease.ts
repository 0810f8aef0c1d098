/**
 * The lease protocol between ingresses and billing-credits (as in online charging, RFC 8506): an ingress is granted a share of a tenant's
 * balance for some seconds, spends it in memory, and each submitted record carries `{lease, microCredits}`. Amounts are decimal digits.
 */

export const leaseSubjects = {
  grant: 'credits.lease.grant',
  giveBack: 'credits.lease.return',
  /** Followed by the ingress: give back what you can of this lease, now. */
  recall: (ingress: string): string => `credits.lease.recall.${ingress}`,
  balance: 'credits.balance',
  topUp: 'credits.top-up',
  adjust: 'credits.adjust',
  limit: 'credits.limit',
  lowBalance: 'credits.low-balance',
  statement: 'credits.statement',
  refunds: 'credits.refunds',
} as const;

export interface LeaseQuestion {
  readonly tenant: string;
  /** The ingress process that will spend it: a subject token. */
  readonly ingress: string;
  /** What the message at hand costs: less is of no use. */
  readonly needMicroCredits: string;
  /** What it would like, by its rate of spending. */
  readonly wantMicroCredits: string;
  /**
   * Prefixes of the tenant's destination caps that fit the number at hand: the lease is spent on such numbers alone, and counts towards each of
   * these caps. Absent: for numbers that none of them fits.
   */
  readonly scope?: readonly string[];
}

/** `retryAfterMs`: credit is out with other ingresses and has been recalled. */
export type LeaseAnswer =
  | {
      readonly kind: 'granted';
      readonly lease: string;
      readonly microCredits: string;
      /** Unix ms, by the ledger's clock: for an older ingress, which does not know of `forMs`. */
      readonly expiresAtMs: number;
      /** How long it may be spent, ms, counted from the question on. An older billing-credits does not say it: until `expiresAtMs`. */
      readonly forMs?: number;
    }
  | { readonly kind: 'no_credit' }
  /** A cap of the day (UTC) does not leave so much: that of the prefix; empty: of all that is spent. */
  | { readonly kind: 'capped'; readonly prefix: string }
  | { readonly kind: 'retry'; readonly retryAfterMs: number };

/** An ingress will spend no more of the lease; `spentMicroCredits` is what its records (all stored by now) say. */
export interface LeaseReturn {
  readonly lease: string;
  readonly spentMicroCredits: string;
}

export interface LeaseRecall {
  readonly lease: string;
}

export interface BalanceQuestion {
  readonly tenant: string;
}

/** funds = balance + leased + charged - refunded, at every commit. */
export interface BalanceAnswer {
  readonly fundsMicroCredits: string;
  readonly balanceMicroCredits: string;
  readonly leasedMicroCredits: string;
  readonly chargedMicroCredits: string;
  readonly refundedMicroCredits: string;
  /** How far the balance may go below zero: 0 is prepaid. */
  readonly limitMicroCredits: string;
  /** How far it is below that: by late records, or because the limit was lowered. Paid off first. */
  readonly overdrawnMicroCredits: string;
}

/** The same `key` tops up once, however often it is asked. */
export interface TopUpQuestion {
  readonly tenant: string;
  readonly microCredits: string;
  readonly key: string;
  readonly note: string;
}

/** `key_reused`: the key has topped up another amount before, or adjusted; nothing was posted. */
export type TopUpAnswer =
  ({ readonly kind: 'posted' | 'repeated' } & BalanceAnswer) | { readonly kind: 'refused'; readonly reason: 'key_reused' };

/** Changes funds and balance, up or down. The same `key` adjusts once; keys of top-ups are among them. */
export interface AdjustmentQuestion {
  readonly tenant: string;
  /** Not 0; with a minus sign it takes away. */
  readonly microCredits: string;
  readonly key: string;
  readonly reason: string;
}

/** `below_limit`: the balance would fall below the credit limit; nothing was posted. */
export type AdjustmentAnswer =
  ({ readonly kind: 'posted' | 'repeated' } & BalanceAnswer) | { readonly kind: 'refused'; readonly reason: 'key_reused' | 'below_limit' };

/** Sets how far the balance may go below zero. One that is lowered below what is used already grants nothing more until that is paid. */
export interface LimitQuestion {
  readonly tenant: string;
  readonly microCredits: string;
}

export interface LimitAnswer extends BalanceAnswer {
  /** The limit until now. */
  readonly beforeMicroCredits: string;
}

export const lowBalanceThresholdsMax = 10;

/** Reads the thresholds below which a tenant is told of its balance; with `thresholds`, sets them. Below zero for one that pays later. */
export interface LowBalanceQuestion {
  readonly tenant: string;
  /** Up to `lowBalanceThresholdsMax`. */
  readonly thresholds?: readonly string[];
}

export interface LowBalanceAnswer {
  /** Highest first. */
  readonly thresholds: readonly string[];
  /** Those until now. */
  readonly before: readonly string[];
}

/** A part of a statement: what days (UTC) did to what a tenant can spend, which is balance and leased together. */
export interface StatementQuestion {
  readonly tenant: string;
  /** Such as `2026-11-01`. */
  readonly fromDay: string;
  /** The first day that is not in it. */
  readonly untilDay: string;
  /** `next` of the part before. */
  readonly after?: string;
}

/** Charges and refunds are summed up by day; leases are not shown, as what goes out comes in. */
export interface StatementLine {
  readonly day: string;
  readonly kind: 'top_up' | 'adjustment' | 'charge' | 'refund';
  /** With its sign: charges are below zero. */
  readonly microCredits: string;
  /** Of a top-up or an adjustment. */
  readonly atMs?: number;
  readonly key?: string;
  readonly note?: string;
}

export interface StatementAnswer {
  /** What could be spent when the first day began. */
  readonly openingMicroCredits: string;
  readonly lines: readonly StatementLine[];
  /** Absent on the last part. */
  readonly next?: string;
}

export const refundsMax = 1_000;

/** Which of these messages had their charge back, up to `refundsMax`. */
export interface RefundsQuestion {
  readonly tenant: string;
  readonly ids: readonly string[];
}

export interface RefundsAnswer {
  /** In any order. */
  readonly refunds: readonly { readonly id: string; readonly microCredits: string }[];
}

/** One credit in micro-credits. */
export const microCreditsPerCredit = 1_000_000n;

/** Credits as a decimal number with six places: `1500000n` is `1.500000`. JSON's numbers are floats, money is not. */
export function creditsText(microCredits: bigint): string {
  const amount = microCredits < 0n ? -microCredits : microCredits;
  const whole = amount / microCreditsPerCredit;
  const rest = String(amount % microCreditsPerCredit).padStart(6, '0');
  return `${microCredits < 0n ? '-' : ''}${whole}.${rest}`;
}
