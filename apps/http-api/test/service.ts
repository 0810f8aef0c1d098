import { newApiKey } from '@heliograph/credential';
import { done, type MessageSubmitted } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import { openRegistry, putCredential, putTenant } from '@heliograph/registry';
import { createLog, readConfig } from '@heliograph/service';
import { createHeard, quietLog, seedTenant, startBank, startServers, testTenant, type Heard } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { start } from '../src/start.ts';

/** By what is special about its credential: `live` nothing, `test` its mode, `paced` 2 segments a second and 4 at once. */
export const keys = { live: { key: testTenant.apiKey }, test: newApiKey(), paced: newApiKey() };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  readonly body: any;
}

export interface TestService {
  readonly submitted: Heard<MessageSubmitted>;
  /** Micro-credits that the bank has not granted. */
  readonly funds: () => bigint;
  post(path: string, body: object, holder?: keyof typeof keys): Promise<Answer>;
  stop(): Promise<void>;
}

/** http-api alone on real servers, with one tenant; what it accepts is heard, and billing-credits is a stand-in. */
export async function startTestService(funds: bigint): Promise<TestService> {
  const servers = await startServers({ schemas: ['registry', 'http_api'], syncAlways: false });
  await seedTenant(servers.databaseUrl);
  await seedCredentials(servers.databaseUrl);
  const queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  const bank = startBank(queue, funds);
  const submitted = createHeard<MessageSubmitted>();
  await queue.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    eventsInFlightMax: 1_000,
    async handle({ event }) {
      if (event.type === 'message.submitted') submitted.hear(event);
      return done();
    },
  });
  const config = readConfig(schema, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    HTTP_PORT: '0',
    MASTER_KEY: 'a5'.repeat(32),
  });
  const service = await start({
    name: 'http-api',
    instance: 'test',
    config,
    log: createLog({ name: 'test', level: 'silent', instance: 'test' }),
  });
  return {
    submitted,
    funds: () => bank.left,
    async post(path, body, holder = 'live') {
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${keys[holder].key}` };
      const response = await fetch(`http://127.0.0.1:${service.ports?.['http']}${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    async stop() {
      await service.stop();
      await queue.close();
      await servers.stop();
    },
  };
}

async function seedCredentials(databaseUrl: string): Promise<void> {
  const registry = openRegistry(databaseUrl, 1);
  const common = { tenantId: testTenant.id, kind: 'api_key' } as const;
  const { test, paced } = keys;
  await putTenant(registry, { id: 'paced', name: 'Paced', pricePlanId: 'standard' });
  await putCredential(registry, { ...common, id: 'acme-test', login: test.lookupId, verifier: test.digest, mode: 'test' });
  const pace = { tenantId: 'paced', segmentsPerSecond: 2, burstSegments: 4 };
  await putCredential(registry, { ...common, ...pace, id: 'paced-key', login: paced.lookupId, verifier: paced.digest });
  await registry.$disconnect();
}
