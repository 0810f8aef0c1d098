import { bodyProblems, type Endpoint } from '../../http/endpoint.ts';
import { pageQuery } from '../schema.ts';
import { connectorHealth, connectorList, modePut } from './health-schema.ts';
import { connector, connectorPut } from './schema.ts';

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
  connectorHealth: {
    method: 'get',
    path: '/v1/connectors/{id}/health',
    scope: 'connectors:read',
    ofTenant: false,
    summary: 'See how a connector does',
    description:
      'For operators. Its links, what its provider has made of the last minute, what waits for it, and how its messages end: as the processes that run it tell each second. ' +
      'What is older than five seconds is not shown.',
    idOf: 'connector',
    answer: { status: 200, description: 'How it does', schemas: [connectorHealth] },
    problems: ['invalid', 'not_found', 'unavailable'],
  },
  putConnectorMode: {
    method: 'put',
    path: '/v1/connectors/{id}/mode',
    scope: 'connectors:write',
    ofTenant: false,
    summary: 'Pause, drain or resume a connector',
    description:
      'For operators. It holds within a second, without its links being cut, and until it is set again: a PUT of the connector leaves it as it is. ' +
      'Paused, messages wait for it (and end when their time is over, or are cancelled), and receipts come; draining, new messages take another route where there is one.',
    idOf: 'connector',
    body: modePut,
    examples: { pause: { mode: 'paused' }, drain: { mode: 'draining' }, resume: { mode: 'running' } },
    answer: { status: 200, description: 'The connector as it is now', schemas: [connector] },
    problems: [...bodyProblems, 'not_found', 'unavailable'],
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
