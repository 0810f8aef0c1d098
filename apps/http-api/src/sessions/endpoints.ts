import type { Endpoint } from '../http/endpoint.ts';
import { sessionList } from './schema.ts';

/** A tenant's SMPP sessions. */
export const sessionEndpoints = {
  sessions: {
    method: 'get',
    path: '/v1/sessions',
    scope: 'sessions:read',
    ofTenant: true,
    summary: 'List your SMPP sessions',
    description: 'Those bound at this moment with any of your system ids.',
    answer: { status: 200, description: 'Your sessions', schemas: [sessionList] },
    problems: ['unavailable'],
  },
  closeSession: {
    method: 'delete',
    path: '/v1/sessions/{id}',
    scope: 'sessions:close',
    ofTenant: true,
    summary: 'End an SMPP session',
    description: 'It is unbound after the requests it has in work are answered. Its client may bind again.',
    idOf: 'session',
    answer: { status: 204, description: 'It is being ended', schemas: [] },
    problems: ['not_found', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
