import { describe, expect, test } from '@jest/globals';
import { createRemembered } from './remembered.ts';

const keepMs = 60_000;

describe('what is remembered', () => {
  test('is known for the time, and gone after twice that', () => {
    const remembered = createRemembered(keepMs, 1);
    remembered.set('a', 2, 0);
    for (const nowMs of [keepMs - 1, keepMs, 2 * keepMs - 1]) {
      remembered.set('other', 1, nowMs);
      expect(remembered.get('a')).toBe(2);
    }
    remembered.set('other', 1, 2 * keepMs);
    expect(remembered.get('a')).toBe(0);
  });

  test('is kept on over a time without anything to remember', () => {
    const remembered = createRemembered(keepMs, 1);
    remembered.set('a', 2, 0);
    remembered.set('b', 1, 100 * keepMs);
    expect([remembered.get('a'), remembered.get('b')]).toEqual([2, 1]);
  });

  test('is what was said last', () => {
    const remembered = createRemembered(keepMs, 1);
    remembered.set('a', 2, 0);
    remembered.set('a', 1, 1);
    expect(remembered.get('a')).toBe(1);
    remembered.set('a', 2, keepMs + 1);
    expect(remembered.get('a')).toBe(2);
  });

  test('is told apart from 60,000 others, much alike, whatever the seed', () => {
    for (const seed of [0, 1, 0xffffffff]) {
      const remembered = createRemembered(keepMs, seed);
      const of = (i: number): string => `smsc\0${100_000 + i}`;
      for (let i = 0; i < 60_000; i += 2) remembered.set(of(i), 1 + (i % 3), i / 10);
      let wrong = 0;
      for (let i = 0; i < 60_000; i++) if (remembered.get(of(i)) !== (i % 2 === 0 ? 1 + (i % 3) : 0)) wrong++;
      expect(wrong).toBe(0);
    }
  });
});
