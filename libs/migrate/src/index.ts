export { applyMigrations } from './apply.ts';
export type { Applied } from './apply.ts';
export { planMigrations, readMigrations } from './plan.ts';
export type { AppliedMigration, Migration, Plan } from './plan.ts';
