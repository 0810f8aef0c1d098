export { createAccept, type Accept } from './accept.ts';
export { openCancel, type Cancel, type Cancellation } from './cancel.ts';
export { createThrottle, type Throttle } from './throttle.ts';
export type { Acceptance, Submission } from './submission.ts';
