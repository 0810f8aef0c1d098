import { describe, expect, it } from '@jest/globals';
import { slopeOf } from './slope.ts';

const line = (slope: number, noise: readonly number[]) => noise.map((one, x) => ({ x, y: 100 + slope * x + one }));

describe('slope', () => {
  it.each([0, 2, -0.5])('of a line of slope %d is it', (slope) => expect(slopeOf(line(slope, [0, 0, 0, 0]))).toBeCloseTo(slope));
  it('of a line with noise that is even is that of the line', () => expect(slopeOf(line(1, [1, -1, -1, 1]))).toBeCloseTo(1));
  it('of one point is not known', () => expect(slopeOf([{ x: 1, y: 1 }])).toBeNaN());
});
