import { deriveSecret } from '@heliograph/credential';
import type { Options } from './options.ts';

/** What the demo tenant and the first operator prove themselves with. */
export interface DemoCredentials {
  systemId: string;
  password: string;
  apiKey: string;
  /** Of the first operator, who is no tenant's. */
  operatorKey: string;
}

/** What the seeds know. They run at every start, so each must find its own earlier work and leave it. */
export interface DemoFacts {
  databaseUrl: string;
  natsUrl: string;
  /** 64 hex digits. */
  masterKey: string;
  credentials: DemoCredentials;
  /** The demo provider's SMPP address; the simulator's port may be another one at each start. */
  carrier: { host: string; port: number };
  balanceMicroCredits: bigint;
  profile: Options['profile'];
  /** As `Surroundings.compileCache`. */
  compileCache: string;
}

export interface DemoSeeds {
  /** After the migrations, before the services: tenant, credentials, connector, route, prices in the registry. */
  beforeServices(facts: DemoFacts): Promise<void>;
  /** When the services run: what only they may write, such as the first credits. */
  afterServices(facts: DemoFacts): Promise<void>;
}

/**
 * Derived from the master key, so that nothing more need be kept and each start prints the same; only hashes are in the database.
 * The password has 8 characters, the most that a bind can carry (SMPP 3.4 §4.1.1: 9 octets with the NUL).
 */
export function demoCredentials(masterKey: string): DemoCredentials {
  const key = Buffer.from(masterKey, 'hex');
  return {
    systemId: 'demo',
    password: deriveSecret(key, 'demo smpp password', 6),
    apiKey: deriveSecret(key, 'demo api key', 32, 'hex'),
    operatorKey: deriveSecret(key, 'demo operator key', 32, 'hex'),
  };
}
