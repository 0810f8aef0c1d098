import { randomInt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { MessageClass } from '@heliograph/message';
import { createLanes, type Waiting } from './lanes.ts';

interface Item extends Waiting {
  readonly name: string;
}
const item = (name: string, lane: MessageClass = 'normal', tenant = 'acme', segments = 1): Item => ({
  name,
  class: lane,
  tenant,
  segments,
});
const of = (name: string, tenant: string, segments = 1): Item => item(name, 'normal', tenant, segments);
const itself = (one: Item): Waiting => one;
/** The names of the next so many. */
const taken = (lanes: { take(): Item | undefined }, count: number) => Array.from({ length: count }, () => lanes.take()?.name);

test('the most urgent class first, within it in the order of coming', () => {
  const lanes = createLanes(itself);
  for (const one of [item('b1', 'bulk'), item('n1'), item('o1', 'otp'), item('o2', 'otp'), item('b2', 'bulk')]) lanes.add(one);
  expect(lanes.size).toBe(5);
  expect(taken(lanes, 6)).toEqual(['o1', 'o2', 'n1', 'b1', 'b2', undefined]);
  expect(lanes.size).toBe(0);
});

test("what is put back is the first of its tenant's", () => {
  const lanes = createLanes(itself);
  for (const name of ['a', 'b', 'c']) lanes.add(item(name));
  const [a, b] = [lanes.take() as Item, lanes.take() as Item];
  lanes.putBack(b);
  lanes.putBack(a);
  lanes.putBack(item('before'));
  expect(taken(lanes, 5)).toEqual(['before', 'a', 'b', 'c', undefined]);
});

test('takes out what is asked for, and leaves the order of the rest', () => {
  const lanes = createLanes(itself);
  for (let i = 0; i < 10; i++) lanes.add(item(String(i), i % 2 ? 'otp' : 'bulk'));
  lanes.take();
  expect(lanes.takeIf(({ name }) => Number(name) % 3 === 0).map(({ name }) => name)).toEqual(['3', '9', '0', '6']);
  expect(lanes.size).toBe(5);
  expect(taken(lanes, 5)).toEqual(['5', '7', '2', '4', '8']);
});

test('takes out what a tenant has beyond what it keeps, but for those that have to stay', () => {
  const lanes = createLanes(itself);
  for (let i = 0; i < 6; i++) lanes.add(of(`a${i}`, 'a'));
  lanes.add(of('b', 'b'));
  expect(lanes.takeBeyond('normal', 'a', 2, ({ name }) => name !== 'a4').map(({ name }) => name)).toEqual(['a2', 'a3', 'a5']);
  expect(lanes.takeBeyond('normal', 'nobody', 2, () => true)).toEqual([]);
  expect(taken(lanes, 5)).toEqual(['a0', 'b', 'a1', 'a4', undefined]);
});

describe('tenants', () => {
  test('take turns, in the order in which they came', () => {
    const lanes = createLanes(itself);
    for (let i = 0; i < 4; i++) lanes.add(of(`a${i}`, 'a'));
    lanes.add(of('b0', 'b'));
    lanes.add(of('b1', 'b'));
    lanes.add(of('c0', 'c'));
    expect(taken(lanes, 7)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3']);
  });

  test('are counted by segments: who sends three at once waits for two turns more', () => {
    const lanes = createLanes(itself);
    for (let i = 0; i < 2; i++) lanes.add(of(`a${i}`, 'a', 3));
    for (let i = 0; i < 6; i++) lanes.add(of(`b${i}`, 'b'));
    expect(taken(lanes, 8)).toEqual(['a0', 'b0', 'b1', 'b2', 'a1', 'b3', 'b4', 'b5']);
  });

  test('owe what they have sent beyond their turns also when they had nothing more', () => {
    const lanes = createLanes(itself);
    lanes.add(of('a0', 'a', 3));
    for (let i = 0; i < 5; i++) lanes.add(of(`b${i}`, 'b'));
    expect(taken(lanes, 2)).toEqual(['a0', 'b0']);
    lanes.add(of('a1', 'a'));
    expect(taken(lanes, 3)).toEqual(['b1', 'b2', 'a1']);
  });

  test('lose no turn by what could not go', () => {
    const lanes = createLanes(itself);
    lanes.add(of('a0', 'a', 5));
    for (let i = 0; i < 3; i++) lanes.add(of(`b${i}`, 'b'));
    lanes.putBack(lanes.take() as Item);
    expect(taken(lanes, 2)).toEqual(['b0', 'a0']);
  });
});

test('whatever comes and goes: those who wait all the while get the same, within a message', () => {
  const seed = Number(process.env['LANES_SEED'] ?? randomInt(2 ** 31));
  console.info(`LANES_SEED=${seed}`);
  const random = createRandom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  for (let round = 0; round < 20; round++) {
    const lanes = createLanes(itself);
    const segmentsMax = 1 + pick(6);
    const tenants = Array.from({ length: 2 + pick(6) }, (_, i) => `t${i}`);
    // the first two always have something waiting; the others come and go
    const sent = new Map(tenants.map((tenant) => [tenant, 0]));
    const waiting = new Map(tenants.map((tenant) => [tenant, [] as string[]]));
    let added = 0;
    const add = (tenant: string): void => {
      const one = of(String(added++), tenant, 1 + pick(segmentsMax));
      lanes.add(one);
      waiting.get(tenant)?.push(one.name);
    };
    for (let step = 0; step < 300; step++) {
      for (const tenant of tenants.slice(0, 2)) if (waiting.get(tenant)?.length === 0 || random() < 0.3) add(tenant);
      if (random() < 0.5) add(tenants[pick(tenants.length)] as string);
      const one = lanes.take() as Item;
      expect(waiting.get(one.tenant)?.shift()).toBe(one.name);
      sent.set(one.tenant, (sent.get(one.tenant) as number) + one.segments);
      for (const tenant of tenants.slice(0, 2)) if (waiting.get(tenant)?.length === 0) add(tenant);
      const [first, second] = tenants as [string, string];
      expect(Math.abs((sent.get(first) as number) - (sent.get(second) as number))).toBeLessThanOrEqual(segmentsMax);
      // nobody has more than who waits all the while
      for (const tenant of tenants.slice(2))
        expect(sent.get(tenant) as number).toBeLessThanOrEqual((sent.get(first) as number) + 2 * segmentsMax);
    }
    expect(lanes.size).toBe([...waiting.values()].reduce((sum, { length }) => sum + length, 0));
  }
});

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
