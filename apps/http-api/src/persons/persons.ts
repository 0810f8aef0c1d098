import { createLockout, deriveSecret } from '@heliograph/credential';
import type { Queue } from '@heliograph/queue';
import type { RegistryDatabase, RegistryWatch } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import { createPersonDoors, type PersonDoors } from '../caller/session.ts';
import type { PersonOperationsOptions } from './operations.ts';
import { createPasswords } from './password.ts';
import { openSessionStore } from './store.ts';

/** Everything about persons and their sessions. */
export interface Persons extends PersonDoors, Pick<PersonOperationsOptions, 'lockout' | 'lockedMs' | 'passwords'> {
  close(): Promise<void>;
}

export interface PersonsOptions {
  readonly databaseUrl: string;
  readonly masterKey: Uint8Array;
  readonly tls: boolean;
  readonly registry: RegistryWatch;
  readonly database: RegistryDatabase;
  readonly broadcast: Queue['broadcast'];
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/**
 * Ten guesses in ten minutes, then ten minutes none: 1,440 a day from one network at most, against passwords of 12 characters. Who mistypes
 * waits no longer than for a coffee. Some 150 octets each; the longest login makes it a few MB.
 */
const guesses = { failuresMax: 10, windowMs: 10 * 60_000, lockedMs: 10 * 60_000, entriesMax: 20_000 };

export function createPersons({ databaseUrl, masterKey, tls, registry, database, broadcast, log }: PersonsOptions): Persons {
  const { store, close } = openSessionStore({ databaseUrl, log });
  return {
    ...createPersonDoors({ store, secret: deriveSecret(masterKey, 'http-api session cookie', 32), tls, registry, log }),
    lockout: createLockout(guesses),
    lockedMs: guesses.lockedMs,
    passwords: createPasswords({ database, registry, broadcast, log }),
    close,
  };
}
