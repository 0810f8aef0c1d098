import type { Fault, Scene } from '../fault.ts';
import { pause } from '../pauses.ts';
import { services } from '../services.ts';

/** What a connector may have sent without a durable note of it: its window of 100, and what was answered in the moment before. */
const unnotedMax = 164;
const servers = ['nats', 'postgres'] as const;
const programs = { nats: 'nats-server', postgres: 'PostgreSQL' } as const;

/** A door that is killed takes with it the answers it owed; while it is away nobody listens. */
const whileAway: Record<string, readonly string[]> = {
  'smpp-ingress': ['unanswered', 'not sent'],
  'http-api': ['unanswered', 'ECONNREFUSED'],
  // nothing is durable then: refused, in the words of each protocol
  // without a lease nobody knows what a tenant may spend
  'billing-credits': ['ESME_RSYSERR', '503 unavailable'],
  nats: ['ESME_RSYSERR', 'ESME_RTHROTTLED', '503 unavailable', 'unanswered'],
};

const killed = (service: string): Fault => ({
  name: `kill -9 of ${nameOf(service)}`,
  group: 'process',
  allowed: {
    refusals: whileAway[service] ?? [],
    ...(service === 'connector-smpp' || service === 'nats' ? { unnotedMax } : {}),
  },
  strike: ({ stack }) => stack.killAndRestart(service),
});

/** A deployment: what was answered is answered, what was not finds no open port for a moment. */
const restarted = (service: string): Fault => ({
  name: `restart of ${nameOf(service)}`,
  group: 'process',
  allowed: { refusals: drained[service] ?? [] },
  strike: ({ stack }) => stack.restart(service),
});

/** A client that has to connect again is no error; what a server's restart allows is what its death does. */
const drained: Record<string, readonly string[]> = {
  'smpp-ingress': ['not sent'],
  'http-api': ['ECONNREFUSED'],
  nats: whileAway['nats'] as readonly string[],
};

/** It hangs, another one takes over, and then it wakes up with what it held. */
const paused = (service: string, seconds: number, more: Partial<Fault> = {}): Fault => ({
  name: `SIGSTOP of ${nameOf(service)} for ${seconds} s`,
  group: 'process',
  ...more,
  async strike({ stack, say }) {
    const second = (services as readonly string[]).includes(service) ? await stack.startAnother(service) : undefined;
    if (second) say(`a second ${service} runs (pid ${second.pid})`);
    await freeze(stack.pid(service) as number, seconds, say);
    // awake, with the other one at its side, before the other one leaves
    await pause(3);
    await second?.stop();
  },
});

const rolling: Fault = {
  name: 'rolling restart of everything',
  group: 'process',
  allowed: { refusals: ['not sent', 'ECONNREFUSED', ...(whileAway['nats'] as readonly string[])] },
  async strike({ stack, say }) {
    for (const service of [...services, ...servers]) {
      say(`restart of ${service}`);
      await stack.restart(service);
    }
  },
};

export const processFaults: readonly Fault[] = [...[...services, ...servers].map(killed), ...[...services, ...servers].map(restarted)];

export const pauseFaults: readonly Fault[] = [
  { ...paused('router', 6), isShort: true },
  ...['router', 'billing-credits', 'message-log'].map((service) => paused(service, 60)),
  // what was in its window when it stopped has an outcome that nobody knows: the other one sends it again, as after a kill
  paused('connector-smpp', 60, { allowed: { unnotedMax } }),
  // several of them: nothing waits in the memory of one
  paused('dlr-forwarder', 60, { stack: { env: { RECEIPT_HOLD_MS: '0' } } }),
  ...['smpp-ingress', 'http-api'].map((service) => paused(service, 60, { allowed: { refusals: ['unanswered', 'not sent'] } })),
  ...servers.map((server) => paused(server, 60, { allowed: { refusals: whileAway['nats'] as readonly string[], unnotedMax } })),
  rolling,
];

async function freeze(pid: number, seconds: number, say: Scene['say']): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  say(`SIGSTOP to ${pid}`);
  try {
    await pause(seconds);
  } finally {
    process.kill(pid, 'SIGCONT');
    say(`SIGCONT to ${pid}`);
  }
}

function nameOf(service: string): string {
  return programs[service as keyof typeof programs] ?? service;
}
