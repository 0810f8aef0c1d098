/**
 * Whether memory stays as it is: 30 minutes at 1,000 messages a second (with --full, or as long as BENCH_SOAK_SECONDS says), memory by process every
 * 5 s. The slope is the straight line through the second half (least squares): the first is where caches fill and heaps settle. It goes through the lowest
 * of each two minutes: what is not collected yet is no growth.
 */
import { benchOptions } from './bench-options.ts';
import { memoryOf } from './cpu.ts';
import { cpuLine, onRoad, type Road } from './road.ts';
import { floorOf, slopeOf } from './slope.ts';

const { soakSeconds: seconds } = benchOptions;
const pace = 1_000;
const everyMs = 5_000;
const floorMinutes = 2;

if (seconds === 0) console.log('left out without --full');
else await onRoad(soak);

async function soak(road: Road): Promise<void> {
  const { processes } = road.stack.ready;
  await road.drive({ binds: 4, window: 100, receipts: true, messagesMax: 5_000 });
  const samples = new Map<string, { x: number; y: number }[]>(Object.keys(processes).map((name) => [name, []]));
  const beginMs = performance.now();
  const sampler = setInterval(() => {
    for (const [name, pid] of Object.entries(processes))
      samples.get(name)?.push({ x: (performance.now() - beginMs) / 60_000, y: memoryOf([pid]).pss });
  }, everyMs);
  const measured = await road
    .drive({ binds: 4, window: 100, receipts: true, pace, messagesMax: pace * seconds })
    .finally(() => clearInterval(sampler));
  console.log(`${measured.messages} messages in ${seconds} s\n`);
  console.log('| memory (pss), MB | first | last | highest | second half, floor: MB a minute |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const [name, points] of samples) {
    const values = points.map(({ y }) => y);
    const figures = [values[0] ?? NaN, values.at(-1) ?? NaN, Math.max(...values)].map((one) => one.toFixed(0));
    console.log(`| ${name} | ${figures.join(' | ')} | ${slopeOf(floorOf(points.slice(points.length / 2), floorMinutes)).toFixed(2)} |`);
  }
  console.log(`\nCPU µs a message by process\n${cpuLine(measured)}`);
}
