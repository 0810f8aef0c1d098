import { digestApiKey, hashPassword, lookupIdOf } from '@heliograph/credential';
import {
  credentialDefaults,
  openRegistry,
  putCredential,
  putPricePlan,
  putRoute,
  putSmppConnector,
  putTenant,
  smppConnectorSettings,
} from '@heliograph/registry';

export const testTenant = {
  id: 'acme',
  smppCredential: 'acme-smpp',
  systemId: 'acme',
  password: 'secret08',
  apiCredential: 'acme-api',
  apiKey: '0123456789abcdef'.repeat(4),
  connector: 'carrier',
} as const;

/** One tenant with both credentials, a price of one credit a segment, and a default route to one SMPP connector. */
export async function seedTenant(databaseUrl: string, carrierPort = 1): Promise<void> {
  const database = openRegistry(databaseUrl, 1);
  const { id, smppCredential, systemId, password, apiCredential, apiKey, connector } = testTenant;
  const common = { ...credentialDefaults, tenantId: id };
  try {
    await putPricePlan(database, {
      id: 'standard',
      name: 'Standard',
      refunds: ['rejected', 'failed', 'expired', 'cancelled'],
      prices: [{ prefix: '', microCreditsPerSegment: 1_000_000n }],
    });
    await putTenant(database, { id, name: 'Acme', enabled: true, pricePlanId: 'standard', defaultCountry: '', segmentsPerSecond: 0 });
    await putCredential(database, { ...common, id: smppCredential, kind: 'smpp', login: systemId, verifier: await hashPassword(password) });
    await putCredential(database, {
      ...common,
      id: apiCredential,
      kind: 'api_key',
      role: 'tenant-admin',
      login: lookupIdOf(apiKey) as string,
      verifier: digestApiKey(apiKey),
    });
    await putSmppConnector(database, {
      id: connector,
      groupId: connector,
      enabled: true,
      settings: smppConnectorSettings.parse({ host: '127.0.0.1', port: carrierPort }),
      secret: '',
    });
    await putRoute(database, { id: 'default', prefix: '', connectorId: connector });
  } finally {
    await database.$disconnect();
  }
}
