import { nobodyAnswers } from '../http/ask.ts';
import type { Operations } from '../http/endpoint.ts';
import { timeText } from '../http/time.ts';
import type { historyEndpoints } from './endpoints.ts';
import type { History } from './history.ts';

export function createHistoryOperations({ history }: { readonly history: History }): Operations<typeof historyEndpoints> {
  return {
    async stats({ tenant, query: { since } }) {
      const counted = await history.count(tenant, since === undefined ? undefined : Date.parse(since));
      return counted ? { ok: true, body: { byState: counted.byState, since: timeText(counted.sinceMs) } } : nobodyAnswers;
    },
    async eraseHistory({ tenant, ...by }) {
      const erased = await history.erase(tenant, by);
      return erased.ok ? { ok: true, body: { erased: erased.erased, more: erased.more } } : erased;
    },
  };
}
