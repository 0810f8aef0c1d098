import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { connector, connectorList, connectorPut } from './schema.ts';

/** The links to providers. */
export const connectorEndpoints = {
  connectors: {
    method: 'get',
    path: '/v1/connectors',
    scope: 'connectors:read',
    ofTenant: false,
    summary: 'List the connectors',
    description: 'For operators. By id, in pages: give next of one answer as after to get the next.',
    query: pageQuery,
    answer: { status: 200, description: 'A page of connectors', schemas: [connectorList] },
    problems: ['invalid', 'unavailable'],
  },
  connector: {
    method: 'get',
    path: '/v1/connectors/{id}',
    scope: 'connectors:read',
    ofTenant: false,
    summary: 'Look at a connector',
    description: 'For operators. Its password and its private key are never shown.',
    idOf: 'connector',
    answer: { status: 200, description: 'The connector', schemas: [connector] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putConnector: {
    method: 'put',
    path: '/v1/connectors/{id}',
    scope: 'connectors:write',
    ofTenant: false,
    summary: 'Create or replace a connector',
    description:
      'For operators. What is left out gets its default, also where it was something else before; only the password and the private key stay. It is bound anew when something changed. The id test is reserved.',
    idOf: 'connector',
    body: connectorPut,
    examples: {
      plain: { settings: { host: 'smsc.example.com', port: 2775, systemId: 'helio' }, password: 'secret08' },
      secured: { settings: { host: 'smsc.example.com', port: 2776, tls: true, systemId: 'helio', binds: 2, segmentsPerSecond: 200 } },
    },
    answer: { status: 200, description: 'The connector as it is now', created: 'The new connector', schemas: [connector] },
    problems: [...bodyProblems, 'unavailable'],
  },
  deleteConnector: {
    method: 'delete',
    path: '/v1/connectors/{id}',
    scope: 'connectors:write',
    ofTenant: false,
    summary: 'Delete a connector',
    description: 'For operators. Only one that no route leads to. Messages that wait for it still end as failed.',
    idOf: 'connector',
    answer: { status: 204, description: 'It is gone', schemas: [] },
    problems: ['invalid', 'not_found', 'in_use', 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
