import { newApiKey } from '@heliograph/credential';
import { done, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry, putCredential, type RegistryDatabase } from '@heliograph/registry';
import { createLog, readConfig, type Running } from '@heliograph/service';
import { createHeard, quietLog, seedTenant, startBank, startServers, type Heard, type Schema, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { start } from '../src/start.ts';

/** Whom every http-api of a test knows by its configuration. */
export const operator = newApiKey();
export const masterKey = 'a5'.repeat(32);

export interface ApiOptions {
  readonly schemas?: readonly Schema[];
  /** False: the registry is empty, and the test fills it. */
  readonly withTenant?: boolean;
  /** Micro-credits that a stand-in for billing-credits has; without it nobody answers for billing-credits. */
  readonly funds?: bigint;
}

export interface Asked {
  /** The operator's, unless said; '': none. */
  readonly key?: string;
  /** Instead of a key. */
  readonly bearer?: string;
  /** For whom an operator asks. */
  readonly tenant?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of those started, in their order. */
  readonly service?: number;
}

export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  readonly body: any;
}

export interface Api {
  readonly servers: TestServers;
  readonly database: RegistryDatabase;
  /** As any other service has it. */
  readonly queue: Queue;
  readonly bank: { readonly left: bigint };
  /** All that its services have logged, at every level. */
  readonly lines: readonly string[];
  /** In the order they were started in. */
  readonly services: readonly Running[];
  /** Starts a service, or another in the place of the one that had this name. */
  start(options?: { readonly instance?: string; readonly env?: Readonly<Record<string, string>> }): Promise<Running>;
  url(path: string, service?: number): string;
  /** `body`: a text as it is, anything else as JSON. */
  ask(method: string, path: string, body?: unknown, asked?: Asked): Promise<Response>;
  /** As `ask`; the body is what its JSON says, a text where it is none, {} where there is nothing. */
  call(method: string, path: string, body?: unknown, asked?: Asked): Promise<Answer>;
  /** What `stop` also stops, after the services and before the servers. */
  alsoStop(stop: () => unknown): void;
  stop(): Promise<void>;
}

/** Real servers with the tests' tenant, and no http-api yet: first a test seeds and answers for others what its services are to find. */
export async function openApi({ schemas = ['registry', 'http_api'], withTenant = true, funds }: ApiOptions = {}): Promise<Api> {
  await using opened = new AsyncDisposableStack();
  const servers = await startServers({ schemas, syncAlways: false });
  opened.defer(() => servers.stop());
  if (withTenant) await seedTenant(servers.databaseUrl);
  const database = openRegistry(servers.databaseUrl, 2);
  opened.defer(() => database.$disconnect());
  const queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  opened.defer(() => queue.close());
  const bank = funds === undefined ? { left: 0n } : startBank(queue, funds);
  const lines: string[] = [];
  const services: Running[] = [];
  const instances: string[] = [];
  const toStop = opened.move();

  const url = (path: string, service = 0): string => `http://127.0.0.1:${services[service]?.ports?.['http']}${path}`;
  const ask: Api['ask'] = (method, path, body, { key = operator.key, bearer, tenant, headers, service } = {}) =>
    fetch(url(path, service), {
      method,
      headers: {
        ...(bearer === undefined ? (key === '' ? {} : { 'X-API-Key': key }) : { Authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(tenant === undefined ? {} : { 'Heliograph-Tenant': tenant }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  return {
    servers,
    database,
    queue,
    bank,
    lines,
    services,
    async start({ instance = 'test', env = {} } = {}) {
      const log = createLog({ name: 'http-api', level: 'trace', instance, destination: { write: (line) => void lines.push(line) } });
      const config = readConfig(schema, {
        DATABASE_URL: servers.databaseUrl,
        NATS_URL: servers.natsUrl,
        HTTP_PORT: '0',
        MASTER_KEY: masterKey,
        OPERATOR_KEY_DIGEST: operator.digest,
        ...env,
      });
      const service = await start({ name: 'http-api', instance, config, log });
      const before = instances.indexOf(instance);
      const place = before === -1 ? instances.push(instance) - 1 : before;
      services[place] = service;
      return service;
    },
    url,
    ask,
    async call(...request) {
      const response = await ask(...request);
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      return { status: response.status, body: isJson ? JSON.parse(text) : text || {} };
    },
    alsoStop: (stop) => toStop.defer(async () => void (await stop())),
    async stop() {
      for (const service of services) await service.stop();
      await toStop.disposeAsync();
    },
  };
}

/** As `openApi`, with one service. */
export async function startApi(options?: ApiOptions): Promise<Api> {
  const api = await openApi(options);
  await api.start();
  return api;
}

/** Makes the API key one of a tenant's. */
export function putKey(
  database: RegistryDatabase,
  { lookupId, digest }: { readonly lookupId: string; readonly digest: string },
  fields: Pick<Parameters<typeof putCredential>[1], 'id' | 'tenantId'> & Partial<Parameters<typeof putCredential>[1]>,
): Promise<void> {
  return putCredential(database, { kind: 'api_key', login: lookupId, verifier: digest, ...fields });
}

/** What http-api accepts, heard as the router would. */
export async function hearSubmitted(queue: Queue): Promise<Heard<MessageSubmitted>> {
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
  return submitted;
}
