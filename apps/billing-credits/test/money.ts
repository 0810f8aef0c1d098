/** What the specs of this folder share: a ledger in a real PostgreSQL, and messages that cost something. */
import { newId, type FinalState, type Message, type MessageReported, type MessageSubmitted } from '@heliograph/message';
import { startServers, testMessage, type TestServers } from '@heliograph/testbed';
import { openBilling, type BillingDatabase } from '../src/database.ts';

export interface BillingServer extends TestServers {
  readonly database: BillingDatabase;
}

export async function startBillingServer(): Promise<BillingServer> {
  const servers = await startServers({ schemas: ['billing', 'registry'], syncAlways: false });
  const database = openBilling(servers.databaseUrl);
  return {
    ...servers,
    database,
    async stop() {
      await database.$disconnect();
      await servers.stop();
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

export const message = (tenant: string, lease: string, microCredits: bigint, id = newId()): Message =>
  testMessage({ id, tenant, charge: { lease, microCredits: String(microCredits) } });

export const submitted = (one: Message): MessageSubmitted => ({ type: 'message.submitted', at: 0, message: one });
export const reported = (one: Message, state: FinalState): MessageReported => ({ type: 'message.reported', at: 0, message: one, state });
