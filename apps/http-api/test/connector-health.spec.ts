import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  connectorHealth as subject,
  messageClasses,
  routeFactsSubject,
  type ConnectorHealth,
  type RouteFactsAnswer,
} from '@heliograph/message';
import { eventually, testMessage, testTenant } from '@heliograph/testbed';
import { connectorHealth, connectorList } from '../src/control/connectors/health-schema.ts';
import { operator, startApi, type Answer, type Api } from './api.ts';

const path = `/v1/connectors/${testTenant.connector}`;
let api: Api;

beforeAll(async () => {
  api = await startApi();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

const call = (method: string, at: string, body?: object, key = operator.key): Promise<Answer> => api.call(method, at, body, { key });

const stateIn = async () => {
  const { body } = await call('GET', '/v1/connectors?limit=100');
  return connectorList.parse(body).connectors.find(({ id }) => id === testTenant.connector)?.state;
};

function told(special: Partial<ConnectorHealth> = {}): ConnectorHealth {
  return {
    connector: testTenant.connector,
    instance: 'one',
    atMs: Date.now(),
    links: { bound: 1, wanted: 1 },
    circuit: 'closed',
    lastMinute: { accepted: 7, later: 0, throttled: 0, permanent: 0, unknown: 0 },
    responseMs: 12,
    inFlight: 1,
    waiting: 0,
    backlog: Object.fromEntries(messageClasses.map((name) => [name, { records: 0, messages: 0 }])) as ConnectorHealth['backlog'],
    ...special,
  };
}

describe('GET /v1/connectors/{id}/health', () => {
  it('200: unknown while nobody runs it', async () => {
    const { status, body } = await call('GET', `${path}/health`);
    expect([status, connectorHealth.parse(body)]).toMatchObject([
      200,
      { mode: 'running', state: 'unknown', circuit: null, quality: null, instances: [] },
    ]);
    expect(await stateIn()).toBe('unknown');
  });

  it('200: as those who run it say, with what waits of each tenant, and its quality', async () => {
    await api.queue.answer(routeFactsSubject, 'router', (): RouteFactsAnswer => ({
      connectors: { [testTenant.connector]: { available: true, quality: 0.9 } },
    }));
    await api.queue.publish({
      type: 'message.backlogged',
      at: Date.now(),
      message: testMessage({ tenant: testTenant.id }),
      connector: testTenant.connector,
      route: 'r',
    });
    api.queue.broadcast(subject, told());
    await eventually('it is heard', async () => (await stateIn()) === 'up');
    const { status, body } = await call('GET', `${path}/health`);
    expect([status, connectorHealth.parse(body)]).toMatchObject([
      200,
      { state: 'up', circuit: 'closed', lastMinute: { accepted: 7 }, responseMs: 12, quality: 0.9, instances: [{ instance: 'one' }] },
    ]);
    expect(body.backlog.find((one: { class: string }) => one.class === 'normal').tenants).toEqual([{ tenant: testTenant.id, records: 1 }]);
    api.queue.broadcast(subject, told({ circuit: 'open', lastError: 'no link is bound' }));
    await eventually('the change is heard', async () => (await stateIn()) === 'down');
  });

  it.each([
    [404, '/v1/connectors/none/health', operator.key],
    [422, '/v1/connectors/No/health', operator.key],
    [403, `${path}/health`, testTenant.apiKey],
  ])('%i: %s', async (status, at, key) => {
    expect((await call('GET', at, undefined, key)).status).toBe(status);
  });
});

describe('PUT /v1/connectors/{id}/mode', () => {
  it('200: it is shown, recorded, and stays when the connector is put', async () => {
    expect(await call('PUT', `${path}/mode`, { mode: 'paused' })).toMatchObject({
      status: 200,
      body: { id: testTenant.connector, mode: 'paused' },
    });
    const { body: audit } = await call('GET', '/v1/audit?limit=1');
    expect(audit.entries[0]).toMatchObject({ action: 'connector.changed', before: { mode: 'running' }, after: { mode: 'paused' } });
    const { body } = await call('GET', path);
    expect(await call('PUT', path, { settings: body.settings })).toMatchObject({ status: 200, body: { mode: 'paused' } });
    expect((await call('GET', `${path}/health`)).body.mode).toBe('paused');
    expect(await call('PUT', `${path}/mode`, { mode: 'running' })).toMatchObject({ status: 200, body: { mode: 'running' } });
  });

  it.each([
    [404, '/v1/connectors/none/mode', { mode: 'paused' }, operator.key],
    [422, `${path}/mode`, { mode: 'stopped' }, operator.key],
    [422, `${path}/mode`, {}, operator.key],
    [403, `${path}/mode`, { mode: 'paused' }, testTenant.apiKey],
  ])('%i: %s with %j', async (status, at, body, key) => {
    expect((await call('PUT', at, body, key)).status).toBe(status);
  });
});
