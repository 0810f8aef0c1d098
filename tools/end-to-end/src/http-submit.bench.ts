/**
 * How fast HTTP takes messages: one a request, and 1,000 recipients a request, each answered when it is on disk with its charge. The whole
 * stack runs, with its carrier, on the same machine as the load. `accepting alone`: what comes behind the door stands still meanwhile (SIGSTOP),
 * so that the figure is of the door, nats-server and the charging; then it goes on. Every round ends when all its messages are at the carrier
 * and reported, and counts: accepted = charged = delivered; a round that does not agree has no figure.
 */
import { startCarrier } from '@heliograph/carrier-simulator';
import { cpuSecondsOf } from './cpu.ts';
import { postMany, type LoadResult } from './http-load.ts';
import { startStack, type Stack } from './stack.ts';

const scale = Number(process.env['BENCH_SCALE'] ?? '1');
const singles = { requests: 30_000 * scale, recipients: 1, connections: 64 };
const batches = { requests: 100 * scale, recipients: 1_000, connections: 8 };
const rounds = [
  { what: 'one message a request, accepting alone', ...singles, alone: true },
  { what: 'one message a request', ...singles, alone: false },
  { what: '1,000 recipients a request, accepting alone', ...batches, alone: true },
  { what: '1,000 recipients a request', ...batches, alone: false },
];
/** What a message passes after it is accepted and charged. */
const behind = ['router', 'connector-smpp', 'dlr-forwarder', 'message-log', 'smpp-ingress'];

const carrier = await startCarrier({ options: { receiptDelayMs: 50 } });
const stack = await startStack({ carrierPort: carrier.port, balance: 10_000_000 });
try {
  await submit(stack, { requests: 2_000, recipients: 1, connections: 16 });
  await settled(stack, 2_000);
  let before = 2_000;
  console.log('| what | messages/s | p50 ms | p99 ms | CPU µs a message until delivered | delivered after s |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  const shares: string[] = [];
  for (const { what, alone, ...round } of rounds) {
    const messages = round.requests * round.recipients;
    const cpuBefore = cpuByProcess(stack);
    if (alone) signal(stack, 'SIGSTOP');
    const { seconds, statuses, latenciesMs } = await submit(stack, round).finally(() => signal(stack, 'SIGCONT'));
    if (statuses[202] !== round.requests) throw new Error(`not all were accepted: ${JSON.stringify(statuses)}`);
    const startMs = performance.now();
    await settled(stack, before + messages);
    before += messages;
    const microseconds = cpuByProcess(stack).map(([name, cpu], i) => [name, ((cpu - (cpuBefore[i]?.[1] ?? 0)) / messages) * 1e6] as const);
    const all = microseconds.reduce((sum, [, one]) => sum + one, 0);
    const at = (share: number): string => (latenciesMs[Math.floor(share * (latenciesMs.length - 1))] ?? 0).toFixed(1);
    const lag = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`| ${what} | ${(messages / seconds).toFixed(0)} | ${at(0.5)} | ${at(0.99)} | ${all.toFixed(0)} | ${lag} |`);
    shares.push(`${what}: ${microseconds.map(([name, one]) => `${name} ${one.toFixed(0)}`).join(', ')}`);
  }
  console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
} finally {
  await stack.stop();
  await carrier.stop();
}

/** CPU seconds until now. */
function cpuByProcess({ ready }: Stack): [name: string, seconds: number][] {
  return Object.entries(ready.processes).map(([name, pid]) => [name, cpuSecondsOf([pid])]);
}

function signal({ ready }: Stack, name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const service of behind) process.kill(ready.processes[service] as number, name);
}

function submit({ ready }: Stack, round: { requests: number; recipients: number; connections: number }): Promise<LoadResult> {
  const numbers = (n: number): string[] =>
    Array.from({ length: round.recipients }, (_, i) => `+4479${String((n * round.recipients + i) % 100_000_000).padStart(8, '0')}`);
  return postMany({
    url: ready.http.url,
    path: '/v1/messages',
    connections: round.connections,
    requests: round.requests,
    headers: { Authorization: `Bearer ${ready.http.apiKey}` },
    body: (n) =>
      JSON.stringify({
        to: round.recipients === 1 ? numbers(n)[0] : numbers(n),
        text: 'Your order is on its way and will arrive tomorrow.',
      }),
  });
}

/** Resolves when so many messages are delivered and charged, one credit each. */
async function settled(stack: Stack, messages: number): Promise<void> {
  const deadlineMs = Date.now() + 300_000;
  for (;;) {
    const { byState } = await stack.get<{ byState: Record<string, number> }>('/v1/stats');
    const { charged } = await stack.balance();
    if (byState['delivered'] === messages && Number(charged) === messages) return;
    if (Date.now() > deadlineMs || Number(charged) > messages)
      throw new Error(`accepted ${messages}, charged ${charged}, ${JSON.stringify(byState)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
