import { createVault } from '@heliograph/credential';
import { cancelledMarks, done, newId, type Message, type MessageFailed, type MessageSent, type ReceiptReceived } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import {
  openRegistry,
  putSmppConnector,
  smppConnectorSettings,
  type RegistryDatabase,
  type SmppConnectorSettings,
} from '@heliograph/registry';
import { createLog, readConfig, type Running } from '@heliograph/service';
import { createHeard, startServers } from '@heliograph/testbed';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { aMessage } from './message.fixture.ts';

const masterKey = '0f'.repeat(32);
const vault = createVault(Buffer.from(masterKey, 'hex'));

export type Seen = MessageSent | MessageFailed | ReceiptReceived;

/** What the connector has around it: real nats-server and Postgres, a registry, somebody who routes and somebody who reads. */
export interface Platform {
  readonly queue: Queue;
  readonly database: RegistryDatabase;
  readonly seen: readonly Seen[];
  /** Lines that the app has logged, as JSON. */
  readonly logged: string[];
  connector(
    id: string,
    settings: Partial<SmppConnectorSettings> & { port: number },
    more?: { enabled?: boolean; password?: string },
  ): Promise<void>;
  startApp(): Promise<Running>;
  /** What the app is told by its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** As whoever puts a secret into the registry does. */
  seal(text: string, context: string): string;
  /** As a door does that was asked to cancel it. */
  cancel(messages: readonly Pick<Message, 'id'>[]): Promise<void>;
  route(connector: string, special?: Partial<Message>): Promise<Message>;
  /** Resolves when this is true of what was seen; looked at whenever something comes. */
  until(is: (seen: readonly Seen[]) => boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startPlatform(): Promise<Platform> {
  const servers = await startServers({ schemas: ['registry'], syncAlways: false });
  const database = openRegistry(servers.databaseUrl);
  const env = { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl, MASTER_KEY: masterKey, DRAIN_MS: '6s' };
  const logged: string[] = [];
  const log = createLog({ name: 'test', level: 'debug', instance: 'test', destination: { write: (line) => void logged.push(line) } });
  const queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  const marks = await queue.marks(cancelledMarks);
  const heard = createHeard<Seen>();
  const readers = await Promise.all(
    (['OUTCOMES', 'RECEIPTS'] as const).map((stream) =>
      queue.workEach({
        stage: 'report',
        stream,
        share: stream.toLowerCase(),
        eventsInFlightMax: 1_000,
        handle: async ({ event }) => {
          heard.hear(event);
          return done();
        },
      }),
    ),
  );

  return {
    queue,
    database,
    seen: heard.all,
    logged,
    async connector(id, settings, { enabled = true, password = 'secret' } = {}) {
      const whole = smppConnectorSettings.parse({ host: '127.0.0.1', systemId: id, ...settings });
      await putSmppConnector(database, {
        id,
        groupId: `${id}-group`,
        enabled,
        settings: whole,
        secret: vault.seal(password, `connector:${id}`),
      });
      queue.broadcast('registry.changed', {});
    },
    startApp: () =>
      start({
        name: 'connector-smpp',
        instance: 'test',
        log,
        config: readConfig(config, env),
      }),
    env,
    seal: vault.seal,
    async cancel(messages) {
      await Promise.all(messages.map(({ id }) => marks.put(id)));
    },
    async route(connector, special = {}) {
      const message = aMessage({ id: newId(), validUntilMs: Date.now() + 600_000, ...special });
      await queue.publish({ type: 'message.routed', at: Date.now(), message, connector, route: 'default' });
      return message;
    },
    until: heard.when,
    async stop() {
      await Promise.all(readers.map((reader) => reader.stop(1_000)));
      await queue.close();
      await database.$disconnect();
      await servers.stop();
    },
  };
}
