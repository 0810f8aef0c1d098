import type { Queue } from '@heliograph/queue';
import {
  audited,
  registryChanged,
  type Audited,
  type RegistryDatabase,
  type RegistryTransaction,
  type RegistryWatch,
} from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import { nobodyAnswers } from '../http/ask.ts';
import type { ApiAnswer } from '../http/endpoint.ts';
import { actorOf, type By } from './actor.ts';

/** The registry as the control plane reads and changes it: the tables themselves, as a snapshot may be a second old. */
export interface RegistryChanges {
  /** Changes it, records that, and tells every service. `unavailable` when the database does not answer: nothing has changed, or all of it. */
  make(by: By, change: (transaction: RegistryTransaction) => Promise<Audited<ApiAnswer>>): Promise<ApiAnswer>;
  look(reading: (database: RegistryDatabase) => Promise<ApiAnswer>): Promise<ApiAnswer>;
}

export interface RegistryChangesOptions {
  readonly database: RegistryDatabase;
  readonly registry: Pick<RegistryWatch, 'refresh'>;
  readonly broadcast: Queue['broadcast'];
  readonly log: Pick<Log, 'error'>;
}

export function createRegistryChanges({ database, registry, broadcast, log }: RegistryChangesOptions): RegistryChanges {
  async function answering(what: string, doing: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
    try {
      return await doing();
    } catch (err) {
      log.error({ err }, what);
      return nobodyAnswers;
    }
  }

  return {
    make: (by, change) =>
      answering('registry not changed', async () => {
        const answer = await audited(database, actorOf(by), change);
        if (answer.ok) {
          broadcast(registryChanged, {});
          await registry.refresh();
        }
        return answer;
      }),
    look: (reading) => answering('registry not read', () => reading(database)),
  };
}
