import { describe, expect, it } from '@jest/globals';
import { newId } from '@heliograph/message';
import { idAt, spansOfHours } from './search.ts';

const hour = (n: number): number => n * 3_600_000;
const whole = { lower: idAt(0), upper: 'f'.repeat(32) };

describe('spansOfHours', () => {
  it.each([
    ['no hours', [], whole, []],
    ['one hour', [5], whole, [[5, 6]]],
    ['hours that adjoin are one span, the newest comes first', [7, 3, 4, 5], whole, [[7, 8], [3, 6]]], // prettier-ignore
    ['only what is within', [3, 4, 5, 9], { lower: idAt(hour(4)), upper: idAt(hour(5) + 1) }, [[4, 5 + 1 / hour(1)]]],
    ['nothing is within', [3, 9], { lower: idAt(hour(4)), upper: idAt(hour(9)) }, []],
  ])('%s', (_, hours, within, spans) => {
    expect(spansOfHours(hours.map(hour), within)).toEqual(
      spans.map(([from = 0, to = 0]) => ({ lower: idAt(hour(from)), upper: idAt(hour(to)) })),
    );
  });
});

describe('idAt', () => {
  it('is not after an id of that time, and after all of an earlier one', () => {
    const before = Date.now();
    const id = newId();
    expect([idAt(before) <= id, idAt(Date.now() + 1) > id]).toEqual([true, true]);
  });

  it.each([
    [-1, '0'.repeat(32)],
    [1, `${'0'.repeat(11)}1${'0'.repeat(20)}`],
    [8.64e15, `${'f'.repeat(12)}${'0'.repeat(20)}`],
  ])('of %d', (ms, id) => {
    expect(idAt(ms)).toBe(id);
  });
});
