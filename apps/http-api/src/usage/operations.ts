import type { Asking } from '../http/ask.ts';
import type { Operations } from '../http/endpoint.ts';
import type { usageEndpoints } from './endpoints.ts';
import { readUsage } from './usage.ts';

export interface UsageOperationsOptions {
  readonly asking: Asking;
  readonly now?: () => number;
}

export function createUsageOperations({ asking, now = Date.now }: UsageOperationsOptions): Operations<typeof usageEndpoints> {
  return {
    usage({ caller, tenant, query: { from, until }, csv = false }) {
      const nowMs = now();
      const untilMs = until === undefined ? nowMs : Date.parse(until);
      const sinceMs = from === undefined ? Math.min(untilMs, nowMs - (nowMs % dayMs)) : Date.parse(from);
      return readUsage(asking, { tenant, sinceMs, untilMs, csv, ofOperators: caller.tenant === '' });
    },
  };
}

const dayMs = 24 * 3_600_000;
