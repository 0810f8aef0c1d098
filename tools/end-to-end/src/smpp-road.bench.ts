/**
 * SMPP in, SMPP out, with receipts: how many messages a second go the whole road and come back as receipts, for as long as it lasts. `messages/s` is
 * from the first submit_sm to the last receipt at the tenant. The first round lets the tenant submit as fast as it is answered, so that the stages
 * behind the door fall behind and the queue is worked off at the end; in the second it never has more than 20,000 messages without a receipt.
 */
import { benchOptions } from './bench-options.ts';
import { cpuLine, onRoad, percentile, sum } from './road.ts';

const durationMs = benchOptions.full ? 60_000 : 10_000;
const session = { binds: 4, window: 100, receipts: true };
const limits = { durationMs, messagesMax: (durationMs / 1000) * 30_000 };
const rounds = [
  { what: 'as fast as answered', ...session, ...limits },
  { what: 'at most 20,000 without receipt', ...session, ...limits, unreportedMax: 20_000 },
];

await onRoad(async (road) => {
  await road.drive({ ...session, messagesMax: 5_000 });
  console.log(`| ${durationMs / 1000} s of submitting | messages | messages/s | accepted/s | p50 ms | p99 ms | CPU µs a message |`);
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  const shares: string[] = [];
  for (const { what, ...options } of rounds) {
    const measured = await road.drive(options);
    const { acceptedInS, reportedInS, answeredAfterMs } = measured.result;
    const cells = [
      measured.messages,
      (measured.messages / reportedInS).toFixed(0),
      (measured.messages / acceptedInS).toFixed(0),
      percentile(answeredAfterMs, 0.5).toFixed(1),
      percentile(answeredAfterMs, 0.99).toFixed(1),
      sum(measured.cpu).toFixed(0),
    ];
    console.log(`| ${what} | ${cells.join(' | ')} |`);
    shares.push(`${what}: ${cpuLine(measured)}`);
  }
  console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
});
