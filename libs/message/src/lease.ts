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
} as const;

export interface LeaseQuestion {
  readonly tenant: string;
  /** The ingress process that will spend it: a subject token. */
  readonly ingress: string;
  /** What the message at hand costs: less is of no use. */
  readonly needMicroCredits: string;
  /** What it would like, by its rate of spending. */
  readonly wantMicroCredits: string;
}

/** `retryAfterMs`: credit is out with other ingresses and has been recalled. */
export type LeaseAnswer =
  | { readonly kind: 'granted'; readonly lease: string; readonly microCredits: string; readonly expiresAtMs: number }
  | { readonly kind: 'no_credit' }
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
}

/** The same `key` tops up once, however often it is asked. */
export interface TopUpQuestion {
  readonly tenant: string;
  readonly microCredits: string;
  readonly key: string;
  readonly note: string;
}

/** One credit in micro-credits. */
export const microCreditsPerCredit = 1_000_000n;
