import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { natsCluster, processStart, removePostgres, startNats, startPostgres } from '../src/index.ts';
import type { NatsServer, ServerProcess } from '../src/index.ts';

const timeoutMs = 60_000;
let folder: string;
let running: ServerProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-embedded-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  removePostgres(join(folder, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}, timeoutMs);

async function postgres(options: { port?: number } = {}) {
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), ...options });
  running.push(server);
  return server;
}

async function nats(options: { port?: number; monitorPort?: number } = {}) {
  const server = await startNats({ dataDir: join(folder, 'nats'), ...options });
  running.push(server);
  return server;
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

function killed(server: ServerProcess): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  return new Promise((resolve) => server.onExit(() => resolve()));
}

describe('embedded PostgreSQL', () => {
  test(
    'is durable, in UTF-8, takes 200 connections, and only from whoever knows the password',
    async () => {
      const { url } = await postgres();
      const [settings] = await query(
        url,
        `select current_setting('fsync') fsync, current_setting('synchronous_commit') commit, current_setting('max_connections') connections,
                current_setting('listen_addresses') addresses, current_setting('server_encoding') encoding, current_setting('server_version_num')::int / 10000 major, lower('ÄΣ') lower`,
      );
      expect(settings).toEqual({
        fsync: 'on',
        commit: 'on',
        connections: '200',
        addresses: '127.0.0.1',
        encoding: 'UTF8',
        major: 18,
        lower: 'äσ',
      });
      const withoutPassword = new URL(url);
      withoutPassword.password = 'guess';
      await expect(query(withoutPassword.href, 'select 1')).rejects.toThrow(/password authentication failed/);
      expect(statSync(join(folder, 'postgres', 'password')).mode & 0o777).toBe(0o600);
    },
    timeoutMs,
  );

  test(
    'killed with kill -9 in the middle of its work has every committed row at the next start, at the same address',
    async () => {
      const first = await postgres();
      await query(first.url, 'create table kept (id int); insert into kept select generate_series(1, 1000)');
      await killed(first);
      const second = await postgres({ port: first.port });
      expect(second.url).toBe(first.url);
      expect(await query(second.url, 'select count(*)::int from kept')).toEqual([{ count: 1000 }]);
    },
    timeoutMs,
  );

  test(
    'stopped and started again keeps its data; stop ends the process and can be asked for twice',
    async () => {
      const first = await postgres();
      await query(first.url, 'create table kept (id int)');
      await Promise.all([first.stop(), first.stop()]);
      expect(processStart(first.pid)).toBeUndefined();
      expect(readFileSync(join(folder, 'postgres', 'postgres.log'), 'utf8')).toContain('database system is shut down');
      expect(await query((await postgres()).url, 'select * from kept')).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'starts although the left-over postmaster.pid names a process that lives and is not PostgreSQL',
    async () => {
      const first = await postgres();
      const clusterDir = (await query<{ dir: string }>(first.url, `select current_setting('data_directory') dir`))[0]!.dir;
      const lock = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8');
      await first.stop();
      writeFileSync(join(clusterDir, 'postmaster.pid'), lock.replace(/^\d+/, String(process.pid)));
      expect(await query((await postgres()).url, 'select 1 one')).toEqual([{ one: 1 }]);
    },
    timeoutMs,
  );

  test(
    'on a folder in use is refused, with the pid of who uses it',
    async () => {
      await postgres();
      await expect(postgres()).rejects.toThrow(`in use: process ${process.pid} runs postgres`);
    },
    timeoutMs,
  );

  test(
    'is run by the program that HELIOGRAPH_POSTGRES_WRAPPER names, and stopped as ever',
    async () => {
      const wrapper = join(folder, 'wrapper');
      writeFileSync(wrapper, '#!/bin/sh\nexec "$@" -c work_mem=5MB\n', { mode: 0o755 });
      chmodSync(folder, 0o711);
      process.env['HELIOGRAPH_POSTGRES_WRAPPER'] = wrapper;
      const server = await postgres().finally(() => delete process.env['HELIOGRAPH_POSTGRES_WRAPPER']);
      expect(await query(server.url, 'show work_mem')).toEqual([{ work_mem: '5MB' }]);
      await server.stop();
      expect(processStart(server.pid)).toBeUndefined();
    },
    timeoutMs,
  );

  test(
    'that cannot start says why with its own words',
    async () => {
      const { port } = await nats();
      await expect(postgres({ port })).rejects.toThrow(/could not bind IPv4 address "127\.0\.0\.1"/);
    },
    timeoutMs,
  );

  if (process.getuid?.() === 0) {
    test(
      'as root sweeps what a temporary folder left outside when it was deleted without a word',
      async () => {
        const abandoned = join(mkdtempSync(join(tmpdir(), 'heliograph-abandoned-')), 'postgres');
        const server = await startPostgres({ dataDir: abandoned });
        const [{ dir }] = (await query<{ dir: string }>(server.url, `select current_setting('data_directory') dir`)) as [{ dir: string }];
        await server.stop();
        rmSync(join(abandoned, '..'), { recursive: true });
        await postgres();
        expect(existsSync(dir)).toBe(false);
      },
      timeoutMs,
    );

    test(
      'as root keeps the cluster inside the data folder when its user can enter it, and outside when not; removePostgres takes both away',
      async () => {
        const outside = await postgres(); // mkdtemp makes folders that only the owner can enter
        const [{ dir }] = (await query<{ dir: string }>(outside.url, `select current_setting('data_directory') dir`)) as [{ dir: string }];
        expect(dir.startsWith(folder)).toBe(false);
        expect(statSync(dir).uid).not.toBe(0);
        await outside.stop();
        const again = await postgres();
        expect(await query(again.url, `select current_setting('data_directory') dir`)).toEqual([{ dir }]);
        await again.stop();
        removePostgres(join(folder, 'postgres'));
        expect(existsSync(dir)).toBe(false);

        chmodSync(folder, 0o711);
        const inside = await postgres();
        expect(await query(inside.url, `select current_setting('data_directory') dir`)).toEqual([
          { dir: join(folder, 'postgres', 'cluster') },
        ]);
      },
      timeoutMs,
    );
  }
});

describe('embedded nats-server', () => {
  async function withStreams<T>(url: string, use: (connection: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
    const { host: servers, username: user, password: pass } = new URL(url);
    await expect(connect({ servers, reconnect: false })).rejects.toThrow(/authorization/i);
    const connection = await connect({ servers, user, pass });
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  }

  test(
    'killed with kill -9 has every acknowledged message at the next start, at the same address',
    async () => {
      const first = await nats();
      await withStreams(first.url, async (connection) => {
        await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept.>'] });
        await Promise.all(Array.from({ length: 100 }, (_, i) => jetstream(connection).publish(`kept.${i}`, 'payload')));
      });
      await killed(first);
      const second = await nats({ port: first.port });
      expect(second.url).toBe(first.url);
      await withStreams(second.url, async (connection) => {
        const { state } = await (await jetstreamManager(connection)).streams.info('KEPT');
        expect(state.messages).toBe(100);
      });
    },
    timeoutMs,
  );

  test(
    'syncs before it acknowledges, takes 8 MB, and is new enough',
    async () => {
      const { monitorUrl, version } = await nats({ monitorPort: 0 });
      const { config } = (await (await fetch(`${monitorUrl}/jsz`)).json()) as { config: { sync_always?: boolean } };
      expect(config.sync_always).toBe(true);
      expect(await (await fetch(`${monitorUrl}/varz`)).json()).toMatchObject({
        server_name: 'heliograph',
        max_payload: 8 * 1024 * 1024,
        version,
      });
    },
    timeoutMs,
  );

  test(
    'on a folder in use is refused; on a port in use it says so',
    async () => {
      const { port } = await nats();
      await expect(nats()).rejects.toThrow(`in use: process ${process.pid} runs nats-server`);
      await expect(startNats({ dataDir: join(folder, 'other'), port })).rejects.toThrow(/address already in use/);
    },
    timeoutMs,
  );
});

describe('three embedded nats-servers', () => {
  /** What this very server has of the only stream. */
  async function messagesOf({ monitorUrl }: NatsServer): Promise<number> {
    const answer = await fetch(`${monitorUrl}/jsz?streams=true`);
    const { account_details: accounts } = (await answer.json()) as {
      account_details: { stream_detail: { state: { messages: number } }[] }[];
    };
    return accounts.flatMap(({ stream_detail: streams }) => streams)[0]?.state.messages ?? 0;
  }

  test(
    'replicate; one that was killed with kill -9 comes back at its address with what the others stored meanwhile',
    async () => {
      const nodes = await natsCluster(join(folder, 'cluster'), 3);
      const servers = await Promise.all(nodes.map((node) => startNats(node)));
      running.push(...servers);
      const [first, second, third] = servers as [NatsServer, NatsServer, NatsServer];
      const { username: user, password: pass } = new URL(first.url);
      const connection = await connect({ servers: [second, third].map(({ url }) => new URL(url).host), user, pass });
      try {
        const jsm = await jetstreamManager(connection);
        await jsm.streams.add({ name: 'KEPT', subjects: ['kept.>'], num_replicas: 3 });
        const js = jetstream(connection);
        await js.publish('kept.before', 'payload');
        await killed(first);
        // an election, when it was the leader: until then nobody answers
        for (let stored = false; !stored;)
          stored = await js.publish('kept.meanwhile', 'payload', { msgID: 'once', timeout: 1_000 }).then(
            () => true,
            () => false,
          );
        const again = await startNats({ ...nodes[0]!, port: first.port });
        running.push(again);
        expect(again.url).toBe(first.url);
        // /healthz says that it is as far as the others up to 3 s before it is (nats-server 2.15.1)
        while ((await messagesOf(again)) < 2);
        expect(await messagesOf(again)).toBe(2);
      } finally {
        await connection.close();
      }
    },
    timeoutMs,
  );
});

describe('servers whose starter was killed', () => {
  interface Held {
    postgres: { url: string; pid: number };
    nats: { pid: number };
  }

  async function holder() {
    const child = fork(join(import.meta.dirname, 'hold-servers.ts'), [folder], { execArgv: [] });
    const [held] = (await once(child, 'message')) as [Held];
    return { child, held };
  }

  async function gone(pid: number): Promise<void> {
    while (processStart(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  test(
    'are taken over by the next start, with all data',
    async () => {
      const { child, held } = await holder();
      await query(held.postgres.url, 'create table kept (id int)');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const [server] = await Promise.all([postgres(), nats()]);
      expect(server.pid).not.toBe(held.postgres.pid);
      expect(processStart(held.nats.pid)).toBeUndefined();
      expect(await query(server.url, 'select * from kept')).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'end by themselves when nobody starts again',
    async () => {
      const { child, held } = await holder();
      child.kill('SIGKILL');
      await Promise.all([gone(held.postgres.pid), gone(held.nats.pid)]);
    },
    timeoutMs,
  );
});
