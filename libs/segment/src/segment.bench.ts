// Run: node libs/segment/src/segment.bench.ts. Prints nanoseconds a call; counting 160 characters must stay under 1000.
import { countSegments, decodeGsm, encodeGsm, encodeUcs2, packSeptets, segmentText } from './index.ts';

const calls = 200_000;
const short = 'Your login code is 482913. It is valid for ten minutes; do not give it to anyone. '.repeat(2).slice(0, 160);
const long = short.repeat(3);
const cyrillic = 'Ваш код для входа: 482913. '.repeat(8);
const septets = encodeGsm(short)!;

const cases: [name: string, call: () => unknown][] = [
  ['count, 160 GSM characters', () => countSegments(short)],
  ['count, 480 GSM characters', () => countSegments(long)],
  ['count, 216 UCS-2 characters', () => countSegments(cyrillic)],
  ['segment, 160 GSM characters', () => segmentText(short)],
  ['segment, 480 GSM characters', () => segmentText(long)],
  ['encode, 160 GSM characters', () => encodeGsm(short)],
  ['decode, 160 GSM characters', () => decodeGsm(septets)],
  ['encode, 216 UCS-2 characters', () => encodeUcs2(cyrillic)],
  ['pack, 160 septets', () => packSeptets(septets)],
];

for (const [name, call] of cases) {
  for (let warm = 0; warm < calls / 10; warm++) call();
  const begin = process.hrtime.bigint();
  for (let index = 0; index < calls; index++) call();
  const each = Number(process.hrtime.bigint() - begin) / calls;
  console.log(`${name.padEnd(40)}${each.toFixed(0).padStart(8)} ns`);
}
