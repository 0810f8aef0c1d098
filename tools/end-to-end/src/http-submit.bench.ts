/**
 * How fast HTTP takes messages: one a request, and 1,000 recipients a request, each answered when it is on disk with its charge. The whole
 * stack runs, with its carrier, on the same machine as the load. `accepting alone`: what comes behind the door stands still meanwhile (SIGSTOP),
 * so that the figure is of the door, nats-server and the charging; then it goes on. Every round ends when all its messages are at the carrier
 * and reported, and counts: accepted = charged = delivered; a round that does not agree has no figure.
 */
import { startCarrier } from '@heliograph/carrier-simulator';
import { settled, submitRound } from './bench-round.ts';
import { cpuSecondsOf } from './cpu.ts';
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
  await submitRound(stack, { requests: 2_000, recipients: 1, connections: 16 });
  await settled(stack, { delivered: 2_000, credits: 2_000 });
  let before = 2_000;
  console.log('| what | messages/s | p50 ms | p99 ms | CPU µs a message until delivered | delivered after s |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  const shares: string[] = [];
  for (const { what, alone, ...round } of rounds) {
    const messages = round.requests * round.recipients;
    const cpuBefore = cpuByProcess(stack);
    if (alone) signal(stack, 'SIGSTOP');
    const { seconds, latenciesMs } = await submitRound(stack, round).finally(() => signal(stack, 'SIGCONT'));
    const startMs = performance.now();
    before += messages;
    await settled(stack, { delivered: before, credits: before });
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
