export { checkRun, type CheckOptions, type CheckResult } from './check-run.ts';
export type { InvariantNumber, InvariantResult, Violation } from './finding.ts';
export { createHttpPlatform, type HttpPlatformOptions } from './http-platform.ts';
export { contentOf, openJournal, type Journal, type JournalLine } from './journal.ts';
export type { Balance, Difference, Hop, Platform, PlatformMessage, Usage } from './platform.ts';
export { JournalFault } from './read-journal.ts';
export { reportText } from './report.ts';
