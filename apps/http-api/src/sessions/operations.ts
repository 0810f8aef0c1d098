import { nobodyAnswers } from '../http/ask.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { sessionEndpoints } from './endpoints.ts';
import type { Sessions } from './sessions.ts';
import { showSession } from './show.ts';

export function createSessionOperations({ sessions }: { readonly sessions: Sessions }): Operations<typeof sessionEndpoints> {
  return {
    async sessions({ tenant }) {
      const live = await sessions.list(tenant);
      return live ? { ok: true, body: { sessions: live.map(showSession) } } : nobodyAnswers;
    },
    async closeSession({ tenant, params: { id = '' } }) {
      const outcome = await sessions.close(tenant, id);
      if (outcome === 'away') return nobodyAnswers;
      return outcome === 'closing' ? { ok: true } : noSession;
    },
  };
}

const noSession: ApiAnswer = { ok: false, problem: problem('not_found', 'you have no session with this id') };
