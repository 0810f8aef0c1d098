import { describe, expect, test } from '@jest/globals';
import { createLoadGate, type LoadGate } from './load-gate.ts';

const fill = (gate: LoadGate, tenant: string): number => {
  let entered = 0;
  while (gate.enter(tenant)) entered++;
  return entered;
};

describe('what is in work at once', () => {
  test('a tenant that is alone fills half, the next has room, and nobody more than is there', () => {
    const gate = createLoadGate(12);
    expect(fill(gate, 'a')).toBe(6);
    expect(fill(gate, 'b')).toBe(4);
    expect(fill(gate, 'c')).toBe(2);
    expect(gate.enter('a')).toBe(false);
  });

  test('what is answered makes room again', () => {
    const gate = createLoadGate(4);
    expect(fill(gate, 'a')).toBe(2);
    gate.leave('a');
    expect([gate.enter('a'), gate.enter('a')]).toEqual([true, false]);
    gate.leave('a');
    gate.leave('a');
    expect(fill(gate, 'b')).toBe(2);
  });

  test.each([1, 2, 7, 100])('of %d, never more are in work, whoever comes and goes', (inWorkMax) => {
    const seed = Date.now() % 100_000;
    console.log(`seed ${seed}`);
    const random = mulberry32(seed);
    const gate = createLoadGate(inWorkMax);
    const inside: string[] = [];
    for (let i = 0; i < 5_000; i++) {
      const tenant = `t${Math.floor(random() * 20)}`;
      const isNew = !inside.includes(tenant);
      if (random() < 0.6) {
        const isLetIn = gate.enter(tenant);
        if (isNew) expect(isLetIn).toBe(inside.length < inWorkMax);
        if (isLetIn) inside.push(tenant);
      } else if (inside.length > 0) {
        const [gone] = inside.splice(Math.floor(random() * inside.length), 1);
        gate.leave(gone as string);
      }
      expect(inside.length).toBeLessThanOrEqual(inWorkMax);
    }
  });
});

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
