/**
 * How it grows: the SMPP road with one instance of each stage behind the door, then with two. On a machine with fewer cores than processes more
 * instances cannot be faster: what is seen is what they cost (queues that are split, records with fewer messages in them), and that nothing is lost
 * or doubled. docs/sizing.md is checked against it.
 */
import { availableParallelism } from 'node:os';
import { cpuLine, onRoad, sum } from './road.ts';
import type { Instance } from './stack.ts';

const doubled = ['router', 'connector-smpp', 'dlr-forwarder', 'message-log'];
const options = { binds: 4, window: 100, receipts: true, messagesMax: 30_000, unreportedMax: 20_000 };

await onRoad(async (road) => {
  const more: Instance[] = [];
  try {
    await road.drive({ ...options, messagesMax: 5_000 });
    console.log(`${availableParallelism()} cores\n`);
    console.log('| instances of each stage behind the door | messages/s | CPU µs a message |');
    console.log('| ---: | ---: | ---: |');
    const shares: string[] = [];
    for (const instances of [1, 2]) {
      if (instances > 1) {
        const seconds = await Promise.all(doubled.map((service) => road.stack.startAnother(service)));
        seconds.forEach(({ pid }, i) => road.alsoCount(`second ${doubled[i]}`, pid));
        more.push(...seconds);
        await road.drive({ ...options, messagesMax: 5_000 });
      }
      const measured = await road.drive(options);
      const rate = measured.messages / measured.result.reportedInS;
      console.log(`| ${instances} | ${rate.toFixed(0)} | ${sum(measured.cpu).toFixed(0)} |`);
      shares.push(`${instances} of each: ${cpuLine(measured)}`);
    }
    console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
  } finally {
    await Promise.all(more.map((instance) => instance.stop()));
  }
});
