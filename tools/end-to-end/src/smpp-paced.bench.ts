/**
 * What a message waits for at a steady pace: submit_sm to submit_sm_resp, from when it was due to be sent, and the receipt from the provider's
 * deliver_sm to the tenant's. 4,000 a second is the goal; half of it shows what is left of it without load.
 */
import { benchOptions } from './bench-options.ts';
import { cpuLine, onRoad, percentile, sum } from './road.ts';

const seconds = benchOptions.full ? 60 : 10;
const session = { binds: 4, window: 100, receipts: true };

await onRoad(async (road) => {
  await road.drive({ ...session, messagesMax: 5_000, pace: 1_000 });
  console.log('| messages/s | submit to response, ms: p50 | p99 | receipt to receipt, ms: p50 | p99 | CPU µs a message |');
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
  const shares: string[] = [];
  for (const pace of [2_000, 4_000]) {
    const measured = await road.drive({ ...session, pace, messagesMax: pace * seconds });
    const { answeredAfterMs, reportedAfterMs } = measured.result;
    const cells = [answeredAfterMs, reportedAfterMs].flatMap((latencies) => [0.5, 0.99].map((at) => percentile(latencies, at).toFixed(1)));
    console.log(`| ${pace} | ${cells.join(' | ')} | ${sum(measured.cpu).toFixed(0)} |`);
    shares.push(`${pace} a second: ${cpuLine(measured)}`);
  }
  console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
});
