import type { LineProblem, User } from './users.ts';

/** Who already is: the tenant of each SMPP credential by its system id. */
export type Known = ReadonlyMap<string, string>;

/** Whose the users become: one tenant's, or each a tenant of its own, named after it. */
export type Ownership = { readonly tenant: string } | { readonly perUser: true };

export interface Step {
  readonly user: User;
  readonly tenant: string;
  /** `unchanged`: it is there already, and neither it nor its balance is touched. */
  readonly does: 'create' | 'unchanged';
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly problems: readonly LineProblem[];
}

/** What happens to each user. Those that cannot be brought in are problems. */
export function planImport(users: readonly User[], ownership: Ownership, known: Known): Plan {
  const steps: Step[] = [];
  const problems: LineProblem[] = [];
  const lineOfTenant = new Map<string, number>();
  for (const user of users) {
    const tenant = 'tenant' in ownership ? ownership.tenant : tenantNamedAfter(user.systemId);
    const owner = known.get(user.systemId);
    const same = 'perUser' in ownership ? lineOfTenant.get(tenant) : undefined;
    lineOfTenant.set(tenant, user.line);
    const problem =
      owner !== undefined && owner !== tenant
        ? `${user.systemId} is a system id of ${owner === '' ? 'an operator' : `the tenant ${owner}`} already`
        : tenant === ''
          ? `no tenant can be named after ${user.systemId}: use --tenant`
          : same !== undefined && `its tenant would be that of line ${same}, too: ${tenant}`;
    if (problem) problems.push({ line: user.line, message: problem });
    else steps.push({ user, tenant, does: owner === undefined ? 'create' : 'unchanged' });
  }
  return { steps, problems };
}

/** Ids of tenants are lower-case words of letters, digits and dashes. */
export function tenantNamedAfter(systemId: string): string {
  return systemId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}

/** One credit for each SMS, in the six places that the API writes. */
export function creditsText(sms: number): string {
  return `${sms}.000000`;
}

/** The same file tops up the same user once. */
export function topUpKey(fileHash: string, systemId: string): string {
  return `import ${fileHash} ${systemId}`;
}
