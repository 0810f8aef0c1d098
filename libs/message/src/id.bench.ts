// Run: node libs/message/src/id.bench.ts. Prints nanoseconds an id; a message has one.
import { randomUUID } from 'node:crypto';
import { newId } from './index.ts';

const calls = 1_000_000;
const cases: [name: string, call: () => unknown][] = [
  ['new id (UUIDv7 without dashes)', newId],
  ['randomUUID (UUIDv4), for comparison', () => randomUUID()],
];

for (const [name, call] of cases) {
  for (let warm = 0; warm < calls / 10; warm++) call();
  const begin = process.hrtime.bigint();
  for (let index = 0; index < calls; index++) call();
  const each = Number(process.hrtime.bigint() - begin) / calls;
  console.log(`${name.padEnd(48)}${each.toFixed(0).padStart(8)} ns`);
}
