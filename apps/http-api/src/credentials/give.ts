import { mayDo, scopesOfRole, type Credential, type Tenant } from '@heliograph/registry';
import type { Caller } from '../caller/caller.ts';
import { problem, type FieldError, type Problem } from '../http/problem.ts';
import type { NewCredentialBody } from './schema.ts';

/** What of a credential says how much it may do. */
export type Powers = Pick<Credential, 'tenantId' | 'role' | 'scopes' | 'mode'>;

/**
 * Whether the caller may have to do with a credential of these powers: nobody gives more than he has, nor changes, resets or removes what may do
 * more than he, as a reset hands its secret over.
 */
export function mayGive(caller: Caller, powers: Powers): boolean {
  if (caller.tenant !== '' && caller.tenant !== powers.tenantId) return false;
  if (powers.role === 'operator-admin' && caller.role !== 'operator-admin') return false;
  if (powers.mode === 'live' && caller.mode !== 'live') return false;
  return [...scopesOfRole[powers.role]].every((scope) => !mayDo(powers, scope) || caller.may(scope));
}

export const notGiven: Problem = problem('not_permitted', 'that may do more than you');

/** What does not fit together in a credential, by field. */
export function powersFaults({ tenantId, role, scopes, kind }: Powers & Pick<Credential, 'kind'>): readonly FieldError[] {
  const faults: FieldError[] = [];
  if (role === 'operator-admin' && tenantId !== '') faults.push({ field: '/role', message: 'an operator is of no tenant' });
  if (role !== 'operator-admin' && tenantId === '')
    faults.push({ field: '/role', message: 'is of a tenant: name it in Heliograph-Tenant' });
  if (tenantId === '' && (kind === 'smpp' || kind === 'sms_user'))
    faults.push({ field: '/kind', message: 'is of a tenant: name it in Heliograph-Tenant' });
  for (const [i, scope] of scopes.entries())
    if (!scopesOfRole[role].has(scope)) faults.push({ field: `/scopes/${i}`, message: `is none of a ${role}` });
  return faults;
}

export interface GiveFacts {
  readonly caller: Caller;
  /** Whose it will be; empty: an operator's. */
  readonly tenant: string;
  readonly tenants: ReadonlyMap<string, Tenant>;
}

/** Whether the caller may make this credential: its powers, or the problem. */
export function powersOfNew(body: NewCredentialBody, { caller, tenant, tenants }: GiveFacts): Powers | { readonly problem: Problem } {
  if (tenant !== '' && !tenants.has(tenant)) return { problem: noTenant };
  const powers: Powers = {
    tenantId: tenant,
    role: body.role ?? (tenant === '' ? 'operator-admin' : 'tenant-user'),
    scopes: body.scopes ?? [],
    mode: body.mode ?? caller.mode,
  };
  if (!mayGive(caller, powers)) return { problem: notGiven };
  if (body.legacyVerifier && caller.role !== 'operator-admin')
    return { problem: problem('not_permitted', 'hashes of other products are imported by operators') };
  const faults = powersFaults({ ...powers, kind: body.kind });
  return faults.length > 0 ? { problem: problem('invalid', 'the body does not fit', faults) } : powers;
}

export const noTenant: Problem = problem('not_found', 'there is no such tenant');
