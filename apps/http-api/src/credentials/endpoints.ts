import { bodyProblems, type Endpoint } from '../http/endpoint.ts';
import { credential, credentialChange, credentialList, credentialQuery, credentialReset, madeCredential, newCredential } from './schema.ts';

/** What tenants and operators prove themselves with. */
export const credentialEndpoints = {
  credentials: {
    method: 'get',
    path: '/v1/credentials',
    scope: 'credentials:read',
    ofTenant: false,
    summary: 'List credentials',
    description:
      'Your own; for operators those of the tenant in Heliograph-Tenant, or all. Secrets are shown nowhere but in the answer that made them.',
    query: credentialQuery,
    answer: { status: 200, description: 'A page of credentials', schemas: [credentialList] },
    problems: ['invalid', 'unavailable'],
  },
  makeCredential: {
    method: 'post',
    path: '/v1/credentials',
    scope: 'credentials:write',
    ofTenant: false,
    summary: 'Make a credential',
    description:
      'Its secret is in this answer and nowhere else afterwards. Nobody gives more than he may do himself. An operator who names no tenant in Heliograph-Tenant makes an operator.',
    body: newCredential,
    examples: {
      key: { kind: 'api_key', name: 'shop', scopes: ['messages:send', 'messages:read'], allowIps: ['198.51.100.0/24'] },
      smpp: { kind: 'smpp', login: 'acme', sessions: 4, segmentsPerSecond: 100 },
      imported: { kind: 'smpp', login: 'Test1', legacyVerifier: { form: 'sha1-utf16le', hex: 'DC215545BA63D605FBCD647A9555270F566D918B' } },
    },
    answer: { status: 201, description: 'It is good from now on', schemas: [madeCredential] },
    problems: [...bodyProblems, 'not_found', 'login_taken', 'unavailable'],
  },
  credential: {
    method: 'get',
    path: '/v1/credentials/{id}',
    scope: 'credentials:read',
    ofTenant: false,
    summary: 'Look at a credential',
    description: 'Without its secret, which nobody here knows.',
    idOf: 'credential',
    answer: { status: 200, description: 'The credential', schemas: [credential] },
    problems: ['not_found', 'unavailable'],
  },
  changeCredential: {
    method: 'patch',
    path: '/v1/credentials/{id}',
    scope: 'credentials:write',
    ofTenant: false,
    summary: 'Change a credential',
    description:
      'What is not given stays as it is. It takes effect everywhere within a second; sessions that are not allowed any more are closed.',
    body: credentialChange,
    examples: { off: { enabled: false }, walled: { allowIps: ['2001:db8::/32'], expiresAt: '2027-01-01T00:00:00Z' } },
    idOf: 'credential',
    answer: { status: 200, description: 'The credential as it is now', schemas: [credential] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
  deleteCredential: {
    method: 'delete',
    path: '/v1/credentials/{id}',
    scope: 'credentials:write',
    ofTenant: false,
    summary: 'Delete a credential',
    description: 'For good: it is refused everywhere within a second and its sessions are closed. Its login may be taken anew.',
    idOf: 'credential',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['not_found', 'unavailable'],
  },
  resetCredential: {
    method: 'post',
    path: '/v1/credentials/{id}/reset',
    scope: 'credentials:write',
    ofTenant: false,
    summary: 'Give a credential a new secret',
    description:
      'The new one is good at once, the old one for as long as you say. A secret from before the last reset is not good any more in any case.',
    body: credentialReset,
    examples: { atOnce: {}, withinADay: { graceSeconds: 86400 } },
    idOf: 'credential',
    answer: { status: 200, description: 'With its new secret, shown this once', schemas: [madeCredential] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
