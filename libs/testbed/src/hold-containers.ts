/** Started by containers.ts as a process of its own: holds both containers until whoever started it lets go or dies. Argument: syncAlways. */
import { randomBytes } from 'node:crypto';
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';
import type { Told } from './containers.ts';
import { images } from './images.ts';

const letGo = new Promise((resolve) => process.once('disconnect', resolve));
const syncAlways = process.argv[2] === 'true';
const password = randomBytes(16).toString('hex');
const natsConfigFile = '/etc/heliograph-nats.conf';

const starting = [
  new GenericContainer(images.postgres)
    .withEnvironment({ POSTGRES_USER: 'heliograph', POSTGRES_PASSWORD: password, POSTGRES_DB: 'heliograph' })
    .withExposedPorts(5432)
    // the image starts it twice: first for its set-up, on a Unix socket only
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start(),
  new GenericContainer(images.nats)
    .withCopyContentToContainer([{ content: natsConfig(), target: natsConfigFile, mode: 0o644 }])
    .withCommand(['--config', natsConfigFile])
    .withExposedPorts(4222)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start(),
] as const;

const [postgres, nats] = await Promise.allSettled(starting);
if (postgres.status === 'fulfilled' && nats.status === 'fulfilled') {
  tell({
    databaseUrl: `postgres://heliograph:${password}@${placeOf(postgres.value, 5432)}/heliograph`,
    natsUrl: `nats://${placeOf(nats.value, 4222)}`,
  });
} else {
  const reasons = [postgres, nats].flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  tell({ failure: [...new Set(reasons)].join('; ') });
}
await letGo;
// Nothing in them is of use any more: no time to end by themselves, and the anonymous volumes go too.
await Promise.all(
  [postgres, nats].map((one) => (one.status === 'fulfilled' ? one.value.stop({ timeout: 0, removeVolumes: true }) : undefined)),
);
process.exit(0);

function tell(told: Told): void {
  if (process.connected) process.send?.(told);
  if ('failure' in told) process.disconnect?.();
}

function placeOf(container: StartedTestContainer, port: number): string {
  return `${container.getHost()}:${container.getMappedPort(port)}`;
}

/** As libs/embedded writes it, but for the address: a container's loopback is its own. */
function natsConfig(): string {
  return [
    'server_name: heliograph',
    'listen: "0.0.0.0:4222"',
    'max_payload: 8MB',
    `jetstream { store_dir: "/data", max_file_store: ${64 * 1024 ** 3}${syncAlways ? ', sync_interval: always' : ''} }`,
  ].join('\n');
}
