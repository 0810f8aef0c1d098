// Run: node libs/e164/src/e164.bench.ts. Prints nanoseconds a call; the first three must stay under 300.
import { countryOf, parseE164 } from './index.ts';
import type { E164 } from './index.ts';

const calls = 1_000_000;
const numbers = Array.from({ length: 1024 }, (_, index) => `4479${String(index * 7919).padStart(8, '0')}`);

const cases: [name: string, call: (digits: string) => unknown, calls: number][] = [
  ['parse, plain digits', (digits) => parseE164(digits), calls],
  ['parse, plain digits from SMPP', (digits) => parseE164(digits, { ton: 1, npi: 1 }), calls],
  ['parse, E.164', (digits) => parseE164('+' + digits), calls],
  ['parse, punctuated', (digits) => parseE164(`+${digits.slice(0, 2)} ${digits.slice(2)}`), calls],
  ['parse, national (libphonenumber)', (digits) => parseE164('0' + digits.slice(2), { defaultCountry: 'GB' }), calls / 50],
  ['country, calling code of one', (digits) => countryOf(('+31' + digits) as E164), calls],
  ['country, shared calling code (libphonenumber)', (digits) => countryOf(('+' + digits) as E164), calls / 50],
];

for (const [name, call, times] of cases) {
  for (let warm = 0; warm < times / 10; warm++) call(numbers[warm & 1023]!);
  const begin = process.hrtime.bigint();
  for (let index = 0; index < times; index++) call(numbers[index & 1023]!);
  const each = Number(process.hrtime.bigint() - begin) / times;
  console.log(`${name.padEnd(48)}${each.toFixed(0).padStart(8)} ns`);
}
