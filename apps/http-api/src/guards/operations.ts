import { isDeepStrictEqual } from 'node:util';
import { putGuards, readTenantGuards, type TenantGuards } from '@heliograph/registry';
import type { By } from '../control/actor.ts';
import { badId, notFound, readId, unchanged } from '../control/answers.ts';
import type { RegistryChanges } from '../control/registry-changes.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import type { guardEndpoints } from './endpoints.ts';
import { readOperators, readOwn, showGuards } from './show.ts';

export function createGuardOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof guardEndpoints> {
  function look(id: string): Promise<ApiAnswer> {
    return changes.look(async (database) => {
      const row = await database.tenant.findUnique({ where: { id }, select: { guards: true } });
      return row ? { ok: true, body: showGuards(readTenantGuards(row.guards)) } : notFound('tenant');
    });
  }

  /** Changes one level; the other is read in the same transaction, and stays. */
  function change(by: By, id: string, level: Partial<TenantGuards>): Promise<ApiAnswer> {
    return changes.make(by, async (transaction) => {
      const row = await transaction.tenant.findUnique({ where: { id }, select: { guards: true } });
      if (!row) return unchanged(notFound('tenant'));
      const before = readTenantGuards(row.guards);
      const after = { ...before, ...level };
      const result = { ok: true, body: showGuards(after) } as const;
      if (isDeepStrictEqual(before, after)) return unchanged(result);
      await putGuards(transaction, id, after);
      const shown = { before: showGuards(before), after: showGuards(after) };
      return { result, changes: [{ tenantId: id, action: 'guards.changed', subject: id, ...shown }] };
    });
  }

  return {
    guards: ({ tenant }) => look(tenant),
    putGuards: ({ tenant, body, ...by }) => change(by, tenant, { own: readOwn(body) }),
    async tenantGuards({ params }) {
      const id = readId(params.id);
      return id === undefined ? badId : look(id);
    },
    async putTenantGuards({ params, body, ...by }) {
      const id = readId(params.id);
      return id === undefined ? badId : change(by, id, { operator: readOperators(body) });
    },
  };
}
