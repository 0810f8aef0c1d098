/** What billing-credits answers about the ledger as a whole: what its reconciler found, and the proof. Amounts are decimal digits, times unix ms. */
export const reconcileSubjects = {
  differences: 'credits.differences',
  proof: 'credits.proof',
} as const;

/**
 * `charge`: what the ledger posted for a lease beside what the history says its messages cost. `refund`: what it gave back of the messages of an hour beside those
 * that ended so. `proof`: a kept balance beside the entries. `unended`: messages without an end. `behind`: a reader that does not follow its stream.
 */
export const differenceKinds = ['charge', 'refund', 'proof', 'unended', 'behind'] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** What the figures of a difference count. */
export const differenceUnits: Readonly<Record<DifferenceKind, 'microCredits' | 'messages' | 'seconds'>> = {
  charge: 'microCredits',
  refund: 'microCredits',
  proof: 'microCredits',
  unended: 'messages',
  behind: 'seconds',
};

/** `unknown`: it cannot be compared any more, as the history of it was erased. */
export type DifferenceResolution = 'agrees' | 'unknown';

export interface Difference {
  /** Digits; they grow. */
  readonly id: string;
  readonly kind: DifferenceKind;
  /** Empty: the platform's. */
  readonly tenant: string;
  /** The lease; the hour (RFC 3339); the account; the reader. */
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
  /** Ids of messages that are at fault, some of them. */
  readonly samples: readonly string[];
  readonly foundAtMs: number;
  readonly resolvedAtMs?: number;
  readonly resolution?: DifferenceResolution;
}

export const differencesMax = 100;

export interface DifferencesQuestion {
  /** 1..differencesMax. */
  readonly limit: number;
  /** Only older ones: `next` of the page before. */
  readonly before?: string;
  readonly tenant?: string;
  readonly kind?: DifferenceKind;
  /** Only those that are open, or only those that are resolved. */
  readonly open?: boolean;
}

export interface DifferencesAnswer {
  /** Newest first. */
  readonly differences: readonly Difference[];
  readonly next?: string;
}

export const proofTenantsMax = 100;

/** The proof of every tenant, by tenant. */
export interface ProofQuestion {
  /** 1..proofTenantsMax. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface ProofAnswer {
  readonly tenants: readonly ProvenTenant[];
  readonly next?: string;
  /** When the ledger was last compared with the streams and the history; absent: not since the leading process began. */
  readonly comparedAtMs?: number;
}

export interface ProvenTenant {
  readonly tenant: string;
  readonly fundsMicroCredits: string;
  readonly balanceMicroCredits: string;
  readonly leasedMicroCredits: string;
  readonly chargedMicroCredits: string;
  readonly refundedMicroCredits: string;
  /** funds = balance + leased + charged - refunded, and each is what the entries, the leases and the refunds add up to. */
  readonly holds: boolean;
  /** Open differences of this tenant. */
  readonly differences: number;
}
