import { readAudit, type AuditEntry, type RegistryWatch } from '@heliograph/registry';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { problem } from '../../http/problem.ts';
import { timeText } from '../../http/time.ts';
import { pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { auditEndpoints } from './endpoints.ts';

export interface AuditOperationsOptions {
  readonly changes: RegistryChanges;
  readonly registry: Pick<RegistryWatch, 'current'>;
}

export function createAuditOperations({ changes, registry }: AuditOperationsOptions): Operations<typeof auditEndpoints> {
  return {
    async audit({ caller, tenant, query: { limit, before, tenant: asked } }) {
      if (caller.tenant !== '' && asked !== undefined && asked !== caller.tenant) return notYours;
      const tenantId = asked ?? (tenant === '' ? undefined : tenant);
      return changes.look(async (database) => {
        const question = { tenantId, before: before === undefined ? undefined : BigInt(before), limit: limit + 1 };
        const { rows, next } = pageOf(await readAudit(database, question), limit);
        // where an operator sits is no tenant's to know
        const showsAddress = ({ actor }: AuditEntry): boolean =>
          caller.tenant === '' || registry.current.credentials.get(actor)?.tenantId === caller.tenant;
        const entries = rows.map((entry) => showEntry(entry, showsAddress(entry)));
        return { ok: true, body: { entries, next: next === null ? null : String(next) } };
      });
    },
  };
}

function showEntry({ id, at, address, tenantId, ...entry }: AuditEntry, showsAddress: boolean): object {
  return { ...entry, id: String(id), at: timeText(at.getTime()), address: showsAddress ? address : '', tenant: tenantId };
}

const notYours: ApiAnswer = { ok: false, problem: problem('not_permitted', "another tenant's audit log is not yours to see") };
