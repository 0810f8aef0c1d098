import { createControlPlane, Refused } from '@heliograph/operator-command';
import type { Known } from './plan.ts';
import type { User } from './users.ts';

/** The part of Heliograph's API that an import needs, as an operator. */
export interface ImportApi {
  knownSystemIds(): Promise<Known>;
  /** Makes the tenant unless it is there. */
  ensureTenant(tenant: { id: string; pricePlanId: string }): Promise<void>;
  /** Rejects when there is none. */
  checkTenant(id: string): Promise<void>;
  /** Once for each key. */
  topUp(tenant: string, given: { credits: string; key: string; note: string }): Promise<void>;
  createCredential(tenant: string, user: User): Promise<void>;
}

interface Page {
  readonly credentials: readonly { readonly kind: string; readonly login: string; readonly tenant: string | null }[];
  readonly next: string | null;
}

interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** `url` of http-api, `key` of an operator. */
export function createImportApi(access: { url: string; key: string }): ImportApi {
  const { ask } = createControlPlane(access);

  async function expectOk(what: string, response: Response): Promise<Response> {
    if (response.ok) return response;
    const { type, title, detail, errors } = (await response.json().catch(() => ({}))) as Problem;
    const fields = (errors ?? []).map(({ field, message }) => `${field} ${message}`).join('; ');
    throw new Refused(`${what}: ${response.status} ${type ?? ''} ${detail ?? title ?? ''}${fields && ` (${fields})`}`);
  }

  return {
    async knownSystemIds() {
      const known = new Map<string, string>();
      for (let after: string | null = ''; after !== null;) {
        const from: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
        const response = await expectOk('listing the credentials', await ask('GET', `/v1/credentials?limit=1000${from}`));
        const page = (await response.json()) as Page;
        for (const { kind, login, tenant } of page.credentials) if (kind === 'smpp') known.set(login, tenant ?? '');
        after = page.next;
      }
      return known;
    },
    async ensureTenant({ id, pricePlanId }) {
      const path = `/v1/tenants/${encodeURIComponent(id)}`;
      const found = await ask('GET', path);
      if (found.status !== 404) await expectOk(`tenant ${id}`, found);
      else await expectOk(`making the tenant ${id}`, await ask('PUT', path, { body: { name: id, pricePlanId } }));
    },
    async checkTenant(id) {
      await expectOk(`tenant ${id}`, await ask('GET', `/v1/tenants/${encodeURIComponent(id)}`));
    },
    async topUp(tenant, given) {
      await expectOk(`credits of ${tenant}`, await ask('POST', `/v1/tenants/${encodeURIComponent(tenant)}/top-ups`, { body: given }));
    },
    async createCredential(tenant, { systemId, passwordHash, addressRange }) {
      const legacyVerifier = { form: 'sha1-utf16le', hex: passwordHash };
      const body = { kind: 'smpp', name: 'imported from SmppServerUsers', login: systemId, addressRange, legacyVerifier };
      await expectOk(`system id ${systemId}`, await ask('POST', '/v1/credentials', { body, tenant }));
    },
  };
}
