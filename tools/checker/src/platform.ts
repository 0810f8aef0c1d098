/** What the checker asks the platform, and nothing else: over HTTP (`createHttpPlatform`), or of a model in a test. Amounts are micro-credits. */
export interface Platform {
  /** Looked at even where no journal has a line of theirs. */
  readonly tenants: readonly string[];
  /** All of the tenant's messages accepted since then (Unix ms), a page at a time, in any order. */
  messages(tenant: string, sinceMs: number): AsyncIterable<readonly PlatformMessage[]>;
  /** What each of them cost, by history and ledger together. */
  usage(tenant: string, sinceMs: number): AsyncIterable<readonly Usage[]>;
  balance(tenant: string): Promise<Balance>;
  /** Undefined where this tenant has no such message. */
  trace(tenant: string, id: string): Promise<readonly Hop[] | undefined>;
  /** What the platform's own reconciler found and is open; undefined: it cannot be asked without an operator's key. */
  differences(): Promise<readonly Difference[] | undefined>;
}

export interface PlatformMessage {
  readonly id: string;
  /** `contentOf` of it; undefined where the history has erased it. */
  readonly content: string | undefined;
  readonly state: string;
  /** Never leaves the platform. */
  readonly isTest: boolean;
}

export interface Usage {
  readonly id: string;
  readonly charged: bigint;
  readonly refunded: bigint;
}

/** At every moment `funds = balance + leased + charged - refunded`. */
export interface Balance {
  readonly funds: bigint;
  readonly balance: bigint;
  readonly leased: bigint;
  readonly charged: bigint;
  readonly refunded: bigint;
}

export interface Hop {
  readonly event: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Difference {
  readonly kind: string;
  readonly tenant: string;
  readonly subject: string;
  readonly unit: string;
  readonly expected: string;
  readonly found: string;
}
