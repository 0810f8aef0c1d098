export { createAccept, type Accept } from './accept.ts';
export { openCancel, type Cancel, type Cancellation } from './cancel.ts';
export { premiumRanges, type PremiumRange } from './guard-premium.ts';
export { createReview, type Review, type Reviewed, type Reviewer } from './guard-review.ts';
export { openChanges, type Replace, type Replaced, type ReadReplacement, type Replacement } from './replace.ts';
export type { Decision } from './decide.ts';
export { createThrottle, type PaceLeft, type Throttle } from './throttle.ts';
export type { Acceptance, Submission } from './submission.ts';
