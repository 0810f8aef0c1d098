import {
  readSessionKey,
  sessionSubjects,
  type LiveSession,
  type SessionCloseAnswer,
  type SessionCloseQuestion,
  type SessionListAnswer,
  type SessionListQuestion,
} from '@heliograph/message';
import type { Presence, Queue } from '@heliograph/queue';
import type { RegistryWatch } from '@heliograph/registry';

/** A tenant's SMPP sessions, wherever they are bound. */
export interface Sessions {
  /** Oldest first; undefined when nobody can tell. Those of an ingress that does not answer are not among them. */
  list(tenant: string): Promise<readonly LiveSession[] | undefined>;
  /** `away`: it may be there, but its ingress does not answer. */
  close(tenant: string, id: string): Promise<'closing' | 'unknown' | 'away'>;
}

export interface SessionsOptions {
  readonly presence: Presence;
  readonly asking: Pick<Queue, 'ask'>;
  readonly registry: Pick<RegistryWatch, 'current'>;
}

/** Each ingress answers from its memory. */
const askTimeoutMs = 2_000;

export function createSessions({ presence, asking, registry }: SessionsOptions): Sessions {
  /** Where the tenant's credentials are bound, as far as their processes have said. */
  async function keysOf(tenant: string) {
    const own = [...registry.current.credentials.values()].filter((one) => one.tenantId === tenant && one.kind === 'smpp');
    const keys = await Promise.all(own.map(({ id }) => presence.list(id)));
    return keys.every((some) => some !== undefined) ? keys.flat().map(readSessionKey) : undefined;
  }

  return {
    async list(tenant) {
      const keys = await keysOf(tenant);
      if (!keys) return undefined;
      const question: SessionListQuestion = { tenant };
      const answers = await Promise.all(
        [...new Set(keys.map(({ ingress }) => ingress))].map((ingress) =>
          asking.ask<SessionListAnswer>(sessionSubjects.list(ingress), question, askTimeoutMs),
        ),
      );
      return answers.flatMap((answer) => answer?.sessions ?? []).toSorted((a, b) => a.sinceMs - b.sinceMs);
    },
    async close(tenant, id) {
      const keys = await keysOf(tenant);
      if (!keys) return 'away';
      const key = keys.find(({ session }) => session === id);
      if (!key) return 'unknown';
      const question: SessionCloseQuestion = { tenant, id };
      const answer = await asking.ask<SessionCloseAnswer>(sessionSubjects.close(key.ingress), question, askTimeoutMs);
      if (!answer) return 'away';
      return answer.found ? 'closing' : 'unknown';
    },
  };
}
