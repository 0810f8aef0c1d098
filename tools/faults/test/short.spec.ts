import { expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { faults } from '../src/faults/index.ts';
import { isModest, runFaults } from '../src/run-fault.ts';

/** tools/end-to-end/test/kill.spec.ts has kill -9 of each process; these are the others that take seconds. */
const short = faults.filter((fault) => fault.isShort && isModest(fault));

test(`on one stack under load, none loses, doubles or charges twice: ${short.map(({ name }) => name).join('; ')}`, async () => {
  const seed = randomInt(2 ** 32);
  console.log(`seed ${seed}`);
  const results = await runFaults(short, { seed, messages: 300 });
  const failed = results.filter(({ failures }) => failures.length > 0);
  for (const { story, kept } of failed) console.log(`${story}\nkept: ${kept.join(' ')}`);
  expect(failed.map(({ fault, failures }) => ({ fault, failures }))).toEqual([]);
  expect(results).toHaveLength(short.length);
}, 300_000);
