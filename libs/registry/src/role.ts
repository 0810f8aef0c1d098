/** What may be done, one word an endpoint. Without a tenant's word in front they are the operator's. */
export const scopes = [
  'messages:send',
  'messages:read',
  'balance:read',
  'sessions:read',
  'sessions:close',
  'webhook:write',
  'credentials:read',
  'credentials:write',
  'history:erase',
  'guards:read',
  'guards:write',
  'opt-outs:read',
  'opt-outs:write',
  'held:review',
  'audit:read',
  'tenants:read',
  'tenants:write',
  'credits:write',
  'connectors:read',
  'connectors:write',
  'routes:read',
  'routes:write',
  'prices:read',
  'prices:write',
] as const;
export type Scope = (typeof scopes)[number];

/** `device`: an Android phone that sends for us; it proves itself with its key and may nothing else. */
export const roles = ['operator-admin', 'tenant-admin', 'tenant-user', 'device'] as const;
export type Role = (typeof roles)[number];

const ofTenantUsers: readonly Scope[] = ['messages:send', 'messages:read', 'balance:read', 'sessions:read', 'guards:read', 'opt-outs:read'];
const ofTenantAdmins: readonly Scope[] = [
  ...ofTenantUsers,
  'sessions:close',
  'webhook:write',
  'credentials:read',
  'credentials:write',
  'history:erase',
  'guards:write',
  'opt-outs:write',
  'held:review',
  'audit:read',
];

/** The most that each role may do; a credential may have fewer. */
export const scopesOfRole: Readonly<Record<Role, ReadonlySet<Scope>>> = {
  'operator-admin': new Set(scopes),
  'tenant-admin': new Set(ofTenantAdmins),
  'tenant-user': new Set(ofTenantUsers),
  device: new Set(),
};
