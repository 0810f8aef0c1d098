/**
 * How fast HTTP takes messages: one a request, and 1,000 recipients a request, each answered when it is on disk with its charge. The whole
 * stack runs, with its carrier, on the same machine as the load. `accepting alone`: what comes behind the door stands still meanwhile (SIGSTOP),
 * so that the figure is of the door, nats-server and the charging; then it goes on. Every round ends when all its messages are at the carrier
 * and reported, and counts: accepted = arrived = charged = delivered; a round that does not agree has no figure.
 */
import { submitRound } from './bench-round.ts';
import { cpuLine, onRoad, percentile, sum } from './road.ts';
import type { Stack } from './stack.ts';

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

await onRoad(async ({ stack, measure }) => {
  const submit = (round: { requests: number; recipients: number; connections: number }, alone: boolean) =>
    measure({
      accepting: () => round.requests * round.recipients,
      async do(first) {
        if (alone) signal(stack, 'SIGSTOP');
        return submitRound(stack, { ...round, first }).finally(() => signal(stack, 'SIGCONT'));
      },
    });
  await submit({ requests: 2_000, recipients: 1, connections: 16 }, false);
  console.log('| what | messages/s | p50 ms | p99 ms | CPU µs a message until delivered | delivered after s |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  const shares: string[] = [];
  for (const { what, alone, ...round } of rounds) {
    const measured = await submit(round, alone);
    const { seconds, latenciesMs } = measured.result;
    const at = (share: number): string => percentile(latenciesMs, share).toFixed(1);
    const cells = [
      (measured.messages / seconds).toFixed(0),
      at(0.5),
      at(0.99),
      sum(measured.cpu).toFixed(0),
      (measured.settledInS - seconds).toFixed(1),
    ];
    console.log(`| ${what} | ${cells.join(' | ')} |`);
    shares.push(`${what}: ${cpuLine(measured)}`);
  }
  console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
});

function signal({ ready }: Stack, name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const service of behind) process.kill(ready.processes[service] as number, name);
}
