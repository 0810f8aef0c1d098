export interface Violation {
  /** A word for the kind of it, such as `missing`. */
  readonly kind: string;
  readonly tenant?: string;
  /** Message id. */
  readonly id?: string;
  readonly content?: string;
  readonly detail?: string;
}

/** As `docs` and the design number them; the eighth shows in no journal. */
export type InvariantNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7;

export interface InvariantResult {
  readonly invariant: InvariantNumber;
  readonly words: string;
  readonly counts: Readonly<Record<string, number>>;
  /** The first twenty; `violationCount` are there. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  /** So many of them may come right by waiting: a message on its way, a ledger that is seconds behind. */
  readonly pendingCount: number;
  readonly ok: boolean;
}

/** Gathers what is found of one invariant. */
export interface Finding {
  violation(violation: Violation): void;
  /** A violation that may come right by waiting. */
  pending(violation: Violation): void;
  /** `allowed` violations are none. */
  result(counts: Readonly<Record<string, number>>, allowed?: number): InvariantResult;
}

const violationsMax = 20;

export function createFinding(invariant: InvariantNumber, words: string): Finding {
  const violations: Violation[] = [];
  let [violationCount, pendingCount] = [0, 0];

  function violation(one: Violation): void {
    if (++violationCount <= violationsMax) violations.push(one);
  }
  return {
    violation,
    pending(one) {
      pendingCount++;
      violation(one);
    },
    result: (counts, allowed = 0) => ({
      invariant,
      words,
      counts,
      violations,
      violationCount,
      pendingCount,
      ok: violationCount <= allowed,
    }),
  };
}
