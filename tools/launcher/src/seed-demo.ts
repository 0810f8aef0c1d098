import { createVault, deriveSecret, digestApiKey, hashPassword, lookupIdOf, verifyPassword } from '@heliograph/credential';
import { leaseSubjects, type BalanceAnswer, type TopUpQuestion } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import {
  credentialDefaults,
  openRegistry,
  putCredential,
  putPricePlan,
  putRoute,
  putSmppConnector,
  putTenant,
  putWebhook,
  readRule,
  smppConnectorSettings,
  type RegistryDatabase,
} from '@heliograph/registry';
import type { DemoFacts } from './demo.ts';

const tenantId = 'demo';
const planId = 'standard';
const connectorId = 'demo-carrier';
const microCreditsPerSegment = 1_000_000n;

/** The demo's control plane: one tenant with both kinds of credential, one provider, and the default route to it. */
export async function seedRegistry(facts: DemoFacts): Promise<void> {
  const database = openRegistry(facts.databaseUrl, 1);
  const vault = createVault(Buffer.from(facts.masterKey, 'hex'));
  try {
    if (!(await database.tenant.findUnique({ where: { id: tenantId } }))) await seedTenant(database);
    await seedCredentials(database, facts);
    await putSmppConnector(database, {
      id: connectorId,
      groupId: connectorId,
      enabled: true,
      settings: smppConnectorSettings.parse({ ...facts.carrier, systemId: 'heliograph' }),
      secret: vault.seal('helio', `connector:${connectorId}`),
    });
    if (!(await readRule(database, 'default'))) await putRoute(database, { id: 'default', prefix: '', connectorId });
    if (!(await database.webhook.findUnique({ where: { tenantId } }))) {
      const secret = vault.seal(demoWebhookSecret(facts.masterKey), `webhook:${tenantId}`);
      await putWebhook(database, { tenantId, url: '', secrets: [secret], enabled: true });
    }
  } finally {
    await database.$disconnect();
  }
}

async function seedTenant(database: RegistryDatabase): Promise<void> {
  await putPricePlan(database, {
    id: planId,
    name: 'One credit a segment',
    refunds: ['rejected', 'failed', 'expired', 'cancelled'],
    prices: [{ prefix: '', microCreditsPerSegment }],
  });
  await putTenant(database, { id: tenantId, name: 'Demo', enabled: true, pricePlanId: planId, defaultCountry: '', segmentsPerSecond: 0 });
}

/** A verifier that still fits stays: hashing anew would end the sessions of a stack that shares this database. */
async function seedCredentials(database: RegistryDatabase, { credentials: { systemId, password, apiKey } }: DemoFacts): Promise<void> {
  const common = { ...credentialDefaults, tenantId, window: 1000, sessions: 100 };
  const smpp = await database.credential.findUnique({ where: { id: 'demo-smpp' } });
  if (!smpp || (await verifyPassword(smpp.verifier, password)) !== true) {
    const verifier = await hashPassword(password);
    await putCredential(database, { ...common, id: 'demo-smpp', kind: 'smpp', login: systemId, verifier, secretSetAt: new Date() });
  }
  await putCredential(database, {
    ...common,
    id: 'demo-api',
    kind: 'api_key',
    role: 'tenant-admin',
    login: lookupIdOf(apiKey) as string,
    verifier: digestApiKey(apiKey),
  });
}

/** Signs the demo tenant's webhooks; `GET /v1/webhook` shows it to the tenant. */
function demoWebhookSecret(masterKey: string): string {
  const octets = deriveSecret(Buffer.from(masterKey, 'hex'), 'demo webhook secret', 32, 'hex');
  return `whsec_${Buffer.from(octets, 'hex').toString('base64')}`;
}

/** The first credits, once for all starts on the same data: the same key tops up once. */
export async function seedCredits({ natsUrl, balanceMicroCredits }: DemoFacts): Promise<void> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const queue = await openQueue({ url: natsUrl, name: 'launcher', log: quiet });
  try {
    const question: TopUpQuestion = {
      tenant: tenantId,
      microCredits: String(balanceMicroCredits),
      key: 'demo first credits',
      note: 'demo',
    };
    const answer = await queue.ask<BalanceAnswer>(leaseSubjects.topUp, question, 10_000);
    if (!answer) throw new Error('billing-credits did not answer the top-up of the demo tenant');
  } finally {
    await queue.close();
  }
}
