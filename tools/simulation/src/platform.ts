import { join } from 'node:path';
import type { Accept } from '@heliograph/accept';
import type { Queue } from '@heliograph/queue';
import { loadApp, supervise, type AppName, type Supervised } from './apps.ts';
import type { Provider } from './provider.ts';
import { startProvider, type Misbehaviour } from './provider.ts';
import type { World } from './world.ts';

/** The platform's own code on the simulated world: its apps as they are, and a door of the simulation's over `libs/accept`. */
export interface Platform {
  readonly apps: readonly Supervised[];
  readonly providers: ReadonlyMap<string, Provider>;
  readonly door: Door;
  readonly tenants: readonly string[];
  /** What a process has said at `error` or worse. */
  readonly errors: readonly string[];
}

export interface Door {
  readonly supervised: Supervised;
  readonly accept: Accept | undefined;
  readonly queue: Queue | undefined;
}

export const tenants = ['acme', 'beta', 'crow'] as const;
export const providerPorts = { alpha: 2701, bravo: 2702 } as const;
export const priceMicroCredits = 1_000_000n;
export const refundedStates: readonly string[] = ['rejected', 'failed', 'expired', 'cancelled', 'undelivered'];
export const noReportAfterMs = 6 * 60_000;

const masterKey = 'a'.repeat(64);
const root = join(import.meta.dirname, '../../..');
const schemas = [
  ['registry', 'libs/registry'],
  ['billing', 'apps/billing-credits'],
  ['dlr', 'apps/dlr-forwarder'],
  ['router', 'apps/router'],
] as const;

export async function startPlatform(world: World, misbehaves: () => Misbehaviour): Promise<Platform> {
  const { scheduler, random, network, trail, databaseUrl } = world;
  const errors: string[] = [];
  await world.drive(() => migrate(databaseUrl));
  await world.drive(() => seed(databaseUrl));

  const providers = new Map(
    Object.entries(providerPorts).map(([name, port]) => [
      name,
      startProvider({
        scheduler,
        network,
        random: random.fork(),
        process: scheduler.spawn(`provider-${name}`),
        port,
        name,
        misbehaves,
        tell: (what) => trail.tell(`provider ${name}: ${what}`),
      }),
    ]),
  );

  const chance = random.fork();
  const restartMs = (): number => (chance.chance(0.2) ? chance.integer(10_000, 120_000) : chance.integer(300, 3_000));
  const common = { scheduler, restartMs, tell: trail.tell };
  const environment = {
    DATABASE_URL: databaseUrl,
    NATS_URL: 'nats://127.0.0.1:4222',
    MASTER_KEY: masterKey,
    SERVICE_INSTANCE: 'simulated',
    NO_REPORT_AFTER_MS: String(noReportAfterMs),
    // idle looks cost more than everything else
    SWEEP_EVERY_MS: '60000',
    WEBHOOK_POLL_MS: '60000',
    INBOUND_SWEEP_EVERY_MS: '60000',
    RECONCILE_EVERY_MS: '300000',
    EARLY_RECEIPT_KEEP_MS: '600000',
    LOG_LEVEL: 'info',
  };
  const loaded = new Map<AppName, Awaited<ReturnType<typeof loadApp>>>();
  for (const name of ['billing-credits', 'router', 'connector-smpp', 'dlr-forwarder'] as const)
    loaded.set(name, await world.drive(() => loadApp(name)));
  const apps: Supervised[] = [];
  for (const [name, { start, config }] of loaded) {
    apps.push(
      supervise({
        ...common,
        name,
        run: (_process, instance) =>
          start({ name, instance, config: config.parse(environment), log: createLog(instance, trail.tell, errors) }),
      }),
    );
  }

  let accept: Accept | undefined;
  let queue: Queue | undefined;
  const { openQueue } = await import('@heliograph/queue');
  const { watchRegistry } = await import('@heliograph/registry');
  const { createAccept } = await import('@heliograph/accept');
  const supervised = supervise({
    ...common,
    name: 'door',
    async run(process, instance) {
      const log = createLog(instance, trail.tell, errors);
      process.onEnd(() => (accept = queue = undefined));
      const opened = await openQueue({ url: environment.NATS_URL, name: instance, log });
      const registry = await watchRegistry({ databaseUrl, listen: opened.listen, log });
      const made = createAccept({ queue: opened, registry, instance });
      [accept, queue] = [made, opened];
      return {
        async stop() {
          accept = undefined;
          await made.close();
          await registry.stop();
          await opened.close();
        },
      };
    },
  });
  const door: Door = {
    supervised,
    get accept() {
      return accept;
    },
    get queue() {
      return queue;
    },
  };
  return { apps: [...apps, supervised], providers, door, tenants, errors };
}

async function migrate(databaseUrl: string): Promise<void> {
  const { applyMigrations } = (await import(join(root, 'libs/migrate/src/index.ts'))) as {
    applyMigrations(databaseUrl: string, dir: string, schema: string): Promise<unknown>;
  };
  for (const [schema, folder] of schemas) await applyMigrations(databaseUrl, join(root, folder, 'prisma/migrations'), schema);
}

async function seed(databaseUrl: string): Promise<void> {
  const { createVault } = await import('@heliograph/credential');
  const { credentialDefaults, openRegistry, putCredential, putPricePlan, putRoute, putSmppConnector, putTenant, smppConnectorSettings } =
    await import('@heliograph/registry');
  const database = openRegistry(databaseUrl, 1);
  const vault = createVault(Buffer.from(masterKey, 'hex'));
  await putPricePlan(database, {
    id: 'standard',
    name: 'Standard',
    refunds: refundedStates,
    prices: [{ prefix: '', microCreditsPerSegment: priceMicroCredits }],
  });
  for (const id of tenants) {
    await putTenant(database, { id, name: id, pricePlanId: 'standard' });
    await putCredential(database, { ...credentialDefaults, id: `${id}-smpp`, tenantId: id, kind: 'smpp', login: id, verifier: 'none' });
  }
  const settings = { host: '127.0.0.1', responseTimeoutMs: 4_000, window: 10 };
  const connectors = [
    ['alpha', { ...settings, binds: 1, unknownOutcome: 'resend' }],
    ['bravo', { ...settings, binds: 2, bind: 'tx+rx', unknownOutcome: 'fail' }],
  ] as const;
  for (const [id, of] of connectors) {
    await putSmppConnector(database, {
      id,
      groupId: id,
      enabled: true,
      settings: smppConnectorSettings.parse({ ...of, port: providerPorts[id] }),
      secret: vault.seal('secret', `connector:${id}`),
    });
  }
  await putRoute(database, { id: 'default', prefix: '', connectorId: 'alpha' });
  await putRoute(database, { id: 'dutch', prefix: '31', connectorId: 'bravo' });
  await database.$disconnect();
}

/** Into the trail, and what is our own fault among the errors. */
function createLog(instance: string, tell: (what: string) => void, errors: string[]) {
  const say =
    (level: string) =>
    (first: unknown, text?: string): void => {
      const { err, ...fields } = (typeof first === 'object' && first !== null ? first : {}) as Record<string, unknown>;
      const line = `${instance} ${level}: ${text ?? String(first)} ${JSON.stringify(fields, bigintAsText)}${err ? ` (${String(err)})` : ''}`;
      tell(line);
      if (level === 'error' || level === 'fatal') errors.push(line);
    };
  const silent = (): void => {};
  const log = {
    trace: silent,
    debug: silent,
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    fatal: say('fatal'),
    level: 'info',
    isLevelEnabled: () => false,
  };
  return { ...log, child: () => log } as never;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
