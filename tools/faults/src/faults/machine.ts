import { eventually } from '@heliograph/testbed';
import type { Fault, Scene } from '../fault.ts';
import { exhaustDescriptors, noPrlimit } from '../machine/descriptors.ts';
import { createJumpingClock, type JumpingClock } from '../machine/jumping-clock.ts';
import { connectBadPeer, connectDeaf, halfABind, halfARequest, type BadPeer } from '../machine/peers.ts';
import { buried, poison } from '../machine/poison.ts';
import { aheadMsOf, createPostgresClock, noFaketime } from '../machine/postgres-clock.ts';
import { mountSmallDisk, noSmallDisk, type SmallDisk } from '../machine/small-disk.ts';
import { pause } from '../pauses.ts';
import { services } from '../services.ts';
import { variableOf } from '../variable.ts';

const fiveMinutesMs = 300_000;

/** The whole data folder is on a disk that is full for a while: nats-server's streams, PostgreSQL's tables and journal, and the logs. */
function diskFull(seconds: number): Fault {
  let disk: SmallDisk;
  return {
    name: `disk full for ${seconds} s`,
    group: 'machine',
    impossible: noSmallDisk,
    stack: {
      prepareFolder(folder) {
        disk = mountSmallDisk(folder, 1_024);
        return () => disk.unmount();
      },
    },
    // not stored, so not accepted
    allowed: {
      refusals: [
        'ESME_RSYSERR',
        'ESME_RMSGQFUL',
        'ESME_RTHROTTLED',
        '503 unavailable',
        '503 queue_full',
        '429 throttled',
        'unanswered',
        'ECONNREFUSED',
        'not sent',
      ],
    },
    async strike({ say }) {
      disk.fill();
      say('the disk is full');
      await pause(seconds);
      disk.free();
      say('the disk has room again');
    },
  };
}

/** It can open nothing: no connection is taken, no file, no lost connection is made again. What it has goes on. */
const starved = (service: string, seconds: number): Fault => ({
  name: `no file descriptor left in ${service} for ${seconds} s`,
  group: 'machine',
  impossible: noPrlimit,
  allowed: { refusals: service === 'http-api' ? ['ECONNREFUSED', 'unanswered'] : [] },
  async strike({ stack, say }) {
    const pid = stack.pid(service) as number;
    const restore = exhaustDescriptors(pid);
    const ports = [stack.ready.smpp.port, Number(new URL(stack.ready.http.url).port)];
    const strangers = await Promise.all(Array.from({ length: 40 }, (_, i) => connectBadPeer('a stranger', ports[i % 2] as number)));
    say(`${service} has no descriptor left, ${strangers.length} strangers knock`);
    await pause(seconds);
    strangers.forEach((stranger) => stranger.end());
    restore();
    if (stack.pid(service) !== pid) throw new Error(`${service} died of it`);
  },
});

/**
 * Clocks of services and servers are five minutes apart for a while, and one jump later they are not. Receivers of webhooks are busy to the end: to one
 * that answers at once nothing is on its way, and nothing waits, when a clock jumps.
 */
function clockJump(name: string, aheadMs: number, of: readonly string[] = services): Fault {
  const clock: JumpingClock = createJumpingClock();
  return {
    name,
    group: 'machine',
    stack: { env: clock.env },
    async strike({ stack, receivers, say }) {
      for (const receiver of Object.values(receivers)) receiver.behave('busy');
      const pids = of.map((service) => stack.pid(service) as number);
      clock.set(pids, aheadMs);
      say(`clocks are ${aheadMs / 1000} s ahead`);
      await pause(10);
      clock.set(pids, 0);
      say('clocks are right again');
      await pause(5);
    },
  };
}

/** What is due is due by PostgreSQL's clock. */
function postgresClockJump(name: string, aheadMs: number): Fault {
  const clock = createPostgresClock();
  return {
    name,
    group: 'machine',
    impossible: noFaketime,
    stack: { env: clock.env, prepareFolder: clock.prepare },
    async strike({ stack, say }) {
      const url = variableOf(stack.pid('message-log') as number, 'DATABASE_URL');
      const jump = async (toMs: number): Promise<void> => {
        clock.set(toMs);
        const seenMs = await aheadMsOf(url);
        if (Math.abs(seenMs - toMs) > 10_000) throw new Error(`PostgreSQL's clock is ${seenMs} ms ahead, not ${toMs}`);
        say(`PostgreSQL's clock is ${(seenMs / 1000).toFixed(1)} s ahead`);
      };
      await jump(aheadMs);
      await pause(10);
      await jump(0);
      await pause(5);
    },
  };
}

/** Peers that connect and then neither go on nor go away: each must be closed, and nobody else may feel it. */
const badPeers: Fault = {
  name: 'slow, half-open and deaf peers',
  group: 'machine',
  stack: { env: { SMPP_SESSION_INIT: '5s', SMPP_ENQUIRE_LINK: '5s', SMPP_RESPONSE: '5s' } },
  async strike({ stack, asTenant, say }) {
    const sessions = async () => (await asTenant<{ sessions: readonly object[] }>('demo', 'GET', '/v1/sessions')).sessions.length;
    const before = await sessions();
    const { smpp, http } = stack.ready;
    const httpPort = Number(new URL(http.url).port);
    const peers = await Promise.all([
      ...Array.from({ length: 20 }, () => connectBadPeer('half a bind', smpp.port, halfABind())),
      ...Array.from({ length: 20 }, () => connectBadPeer('a connection without a bind', smpp.port)),
      ...Array.from({ length: 20 }, () => connectBadPeer('half a TLS hello', smpp.tlsPort, '\x16\x03\x01')),
      ...Array.from({ length: 20 }, () => connectBadPeer('half a request', httpPort, halfARequest)),
    ]);
    const endDeaf = await Promise.all(Array.from({ length: 3 }, () => connectDeaf(smpp)));
    say(`${peers.length} bad peers are connected, and ${(await sessions()) - before} deaf clients bound`);
    await eventually('every bad peer is closed', () => isEachClosed(peers), 90_000);
    await eventually('no deaf client is bound', async () => (await sessions()) <= before, 90_000);
    say('all of them are closed');
    endDeaf.forEach((end) => end());
  },
};

function isEachClosed(peers: readonly BadPeer[]): true {
  const open = peers.filter((peer) => !peer.isClosed());
  if (open.length === 0) return true;
  throw new Error(`open: ${[...new Set(open.map(({ what }) => what))].join(', ')}`);
}

const poisoned: Fault = {
  name: 'poison in every stream',
  group: 'machine',
  async strike({ stack, say }) {
    const before = pidsOf(stack);
    const url = variableOf(stack.pid('router') as number, 'NATS_URL');
    const records = await poison(url);
    say(`${records} records that nobody can read`);
    const dead = await eventually('some are in the dead letters', async () => (await buried(url)) > 20 && buried(url), 30_000);
    say(`${dead} of them are in the dead letters; the others are where nobody reads`);
    const died = Object.entries(pidsOf(stack)).filter(([service, pid]) => before[service] !== pid);
    if (died.length > 0) throw new Error(`${died.map(([service]) => service).join(', ')} died of it`);
  },
};

function pidsOf(stack: Scene['stack']): Record<string, number | undefined> {
  return Object.fromEntries(services.map((service) => [service, stack.pid(service)]));
}

export const machineFaults: readonly Fault[] = [
  diskFull(15),
  starved('smpp-ingress', 10),
  starved('http-api', 10),
  starved('connector-smpp', 10),
  starved('router', 10),
  clockJump('clocks of all services jump 5 minutes ahead and back', fiveMinutesMs),
  clockJump('clocks of all services jump 5 minutes back and ahead', -fiveMinutesMs),
  ...services.map((service) => clockJump(`clock of ${service} jumps 5 minutes ahead and back`, fiveMinutesMs, [service])),
  postgresClockJump('clock of PostgreSQL jumps 5 minutes ahead and back', fiveMinutesMs),
  postgresClockJump('clock of PostgreSQL jumps 5 minutes back and ahead', -fiveMinutesMs),
  badPeers,
  { ...poisoned, isShort: true },
];
