import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, Scene } from '../fault.ts';

const servers = ['nats-1', 'nats-2', 'nats-3'] as const;
type ServerName = (typeof servers)[number];

const clustered = { group: 'cluster', stack: { env: { HELIOGRAPH_NATS_SERVERS: '3' } } } as const satisfies Partial<Fault>;

/** While streams have no leader, what is submitted waits; what a door holds for that time is bounded, and it says so. */
const whileElecting = ['ESME_RTHROTTLED', '503 unavailable'];

export const clusterFaults: readonly Fault[] = [
  {
    ...clustered,
    name: 'three nats-servers: kill -9 of the one that leads most streams',
    allowed: { refusals: whileElecting },
    strike: async (scene) => killOne(scene, await byLeadership(scene, (led) => Math.max(...led))),
  },
  {
    ...clustered,
    name: 'three nats-servers: kill -9 of the one that leads fewest streams',
    allowed: { refusals: whileElecting },
    strike: async (scene) => killOne(scene, await byLeadership(scene, (led) => Math.min(...led))),
  },
  {
    ...clustered,
    name: 'three nats-servers: kill -9 of each in turn',
    allowed: { refusals: whileElecting },
    async strike(scene) {
      for (const server of servers) await killOne(scene, server);
    },
  },
  {
    ...clustered,
    name: 'three nats-servers: restart of each in turn',
    allowed: { refusals: whileElecting },
    async strike({ stack, say }) {
      for (const server of servers) {
        await stack.restart(server);
        say(`${server} was restarted and has what the others have`);
      }
    },
  },
  {
    ...clustered,
    name: 'three nats-servers: kill -9 of all at once',
    // none is left to acknowledge: as with the only one
    allowed: { refusals: [...whileElecting, 'ESME_RSYSERR', 'unanswered'], unnotedMax: 164 },
    async strike({ stack }) {
      await Promise.all(servers.map((server) => stack.killAndRestart(server)));
    },
  },
];

/** It runs again when it has what the others have (`/healthz`). */
async function killOne({ stack, say }: Scene, server: ServerName): Promise<void> {
  say(`kill -9 of ${server}`);
  await stack.killAndRestart(server);
  say(`${server} runs again and has what the others have`);
}

/** The server whose number of streams that it leads is the one chosen. */
async function byLeadership({ stack, say }: Scene, choose: (led: number[]) => number): Promise<ServerName> {
  const leaders = await leadersOf(stack);
  const led = servers.map((_, i) => leaders.filter((leader) => leader === `heliograph-${i + 1}`).length);
  say(`streams led: ${servers.map((server, i) => `${server} ${led[i]}`).join(', ')}`);
  return servers[led.indexOf(choose(led))] as ServerName;
}

interface StreamsOfServer {
  readonly account_details?: { readonly stream_detail?: { readonly cluster?: { readonly leader?: string } }[] }[];
}

async function leadersOf({ ready, pid }: Scene['stack']): Promise<(string | undefined)[]> {
  const folder = join(ready.data, 'nats-cluster', 'server-1');
  const file = readdirSync(join(folder, 'ports')).find((name) => name.endsWith(`_${pid('nats-1')}.ports`)) as string;
  const { monitoring } = JSON.parse(readFileSync(join(folder, 'ports', file), 'utf8')) as { monitoring: [string] };
  const [, path] = /^http_base_path: "(.*)"$/m.exec(readFileSync(join(folder, 'nats.conf'), 'utf8')) ?? [];
  const answer = await fetch(`${monitoring[0]}${path}/jsz?streams=true`);
  const { account_details: accounts = [] } = (await answer.json()) as StreamsOfServer;
  return accounts.flatMap(({ stream_detail: streams = [] }) => streams.map(({ cluster }) => cluster?.leader));
}
