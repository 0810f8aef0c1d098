import { checkStream, createRandom, type StreamCount } from './fuzzing.ts';

/**
 * `node libs/smpp/test/long-fuzz.ts`: the fuzzer of smpp.fuzz.ts for as long as it takes. FUZZ_PDUS (10,000,000) sets its length, FUZZ_SEED
 * repeats a run. Prints seed, rate and what came; ends with 1 and the input in hex at the first thing that is wrong.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
const pdusTotal = Number(process.env['FUZZ_PDUS'] ?? 10_000_000);
const steps = 100;
console.log(`seed ${seed}, ${pdusTotal} PDUs, node ${process.version}`);

const random = createRandom(seed);
const count: StreamCount = { pdus: 0, accepted: 0, nacked: 0, lost: 0, octets: 0 };
const nanosecondsAnOctet: number[] = [];
const startMs = performance.now();
let streams = 0;
for (let step = 1; step <= steps; step++) {
  const [cpu, octets] = [process.cpuUsage(), count.octets];
  for (; count.pdus < (pdusTotal * step) / steps; streams++) checkStream(random, count);
  const { user, system } = process.cpuUsage(cpu);
  nanosecondsAnOctet.push(((user + system) * 1000) / (count.octets - octets));
}
const seconds = (performance.now() - startMs) / 1000;
const sorted = nanosecondsAnOctet.toSorted((a, b) => a - b);
const [least = 0, median = 0, most = 0] = [sorted[0], sorted[steps / 2], sorted[steps - 1]];
console.log(`${count.pdus} PDUs in ${streams} streams, each read in fragments of 1, 3, 17 octets and whole`);
console.log(`${count.accepted} accepted and written back the same, ${count.nacked} nacked, ${count.lost} streams lost in step`);
console.log(
  `${seconds.toFixed(0)} s, ${Math.round(count.pdus / seconds)} PDUs/s; peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
);
console.log(
  `CPU an octet of a stream: ${least.toFixed(0)} to ${most.toFixed(0)} ns over ${steps} equal parts, median ${median.toFixed(0)} ns`,
);
// a read that is not linear shows in the part that meets it
if (most > median * 5) {
  console.error('time is not linear in the input');
  process.exitCode = 1;
}
