import { hashPassword } from '@heliograph/credential';
import {
  credentialDefaults,
  openRegistry,
  putCredential,
  putTenant,
  tenantDefaults,
  type Credential,
  type Tenant,
} from '@heliograph/registry';
import { testTenant } from '@heliograph/testbed';

/** More credentials beside the test tenant's, named as their system ids, all with its password. */
export async function seedCredentials(
  databaseUrl: string,
  credentials: Readonly<Record<string, Partial<Credential>>>,
  tenants: Readonly<Record<string, Partial<Tenant>>> = {},
): Promise<void> {
  const database = openRegistry(databaseUrl, 1);
  const verifier = await hashPassword(testTenant.password);
  for (const [id, fields] of Object.entries(tenants))
    await putTenant(database, { ...tenantDefaults, id, name: id, pricePlanId: 'standard', ...fields });
  for (const [login, fields] of Object.entries(credentials)) {
    await putCredential(database, { ...credentialDefaults, id: login, tenantId: testTenant.id, kind: 'smpp', login, verifier, ...fields });
  }
  await database.$disconnect();
}
