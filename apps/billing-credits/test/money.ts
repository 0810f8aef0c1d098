/** What the specs of this folder share: a ledger in a real PostgreSQL, and messages that cost something. */
import { applyMigrations } from '@heliograph/migrate';
import { newId, type FinalState, type Message, type MessageReported, type MessageSubmitted } from '@heliograph/message';
import { removePostgres, startPostgres } from '@heliograph/embedded';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBilling, type BillingDatabase } from '../src/database.ts';

export interface BillingServer {
  readonly folder: string;
  readonly url: string;
  readonly database: BillingDatabase;
  stop(): Promise<void>;
}

export async function startBillingServer(): Promise<BillingServer> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-billing-'));
  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir });
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'billing');
  const database = openBilling(postgres.url);
  return {
    folder,
    url: postgres.url,
    database,
    async stop() {
      await database.$disconnect();
      await postgres.stop();
      removePostgres(dataDir);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Proof {
  tenant: string;
  funds: bigint;
  balance: bigint;
  leased: bigint;
  charged: bigint;
  refunded: bigint;
  holds: boolean;
}

export async function proofOf(database: BillingDatabase, tenant: string): Promise<Proof | undefined> {
  const [proof] = await database.$queryRaw<Proof[]>`SELECT * FROM billing.proof WHERE tenant = ${tenant}`;
  return proof;
}

export function message(tenant: string, lease: string, microCredits: bigint, id = newId()): Message {
  return {
    id,
    tenant,
    credential: 'demo',
    door: 'http',
    from: { addr: 'Heliograph', ton: 5, npi: 0 },
    to: '+15551234567',
    class: 'normal',
    segments: 1,
    acceptedAtMs: 0,
    validUntilMs: 0,
    registeredDelivery: 1,
    charge: { lease, microCredits: String(microCredits) },
    content: { kind: 'text', text: 'hello' },
  };
}

export const submitted = (one: Message): MessageSubmitted => ({ type: 'message.submitted', at: 0, message: one });
export const reported = (one: Message, state: FinalState): MessageReported => ({ type: 'message.reported', at: 0, message: one, state });
