export { createAccept, type Accept } from './accept.ts';
export type { Acceptance, Submission } from './submission.ts';
