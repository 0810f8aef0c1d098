import { describe, expect, it } from '@jest/globals';
import { floorOf, slopeOf } from './slope.ts';

const line = (slope: number, noise: readonly number[]) => noise.map((one, x) => ({ x, y: 100 + slope * x + one }));

describe('slope', () => {
  it.each([0, 2, -0.5])('of a line of slope %d is it', (slope) => expect(slopeOf(line(slope, [0, 0, 0, 0]))).toBeCloseTo(slope));
  it('of a line with noise that is even is that of the line', () => expect(slopeOf(line(1, [1, -1, -1, 1]))).toBeCloseTo(1));
  it('of one point is not known', () => expect(slopeOf([{ x: 1, y: 1 }])).toBeNaN());
});

describe('floor', () => {
  const saw = Array.from({ length: 60 }, (_, i) => ({ x: i / 10, y: 100 + (i % 10) * 20 }));
  it('of a saw is where its teeth begin', () => expect(floorOf(saw, 1).map(({ y }) => y)).toEqual(Array.from({ length: 6 }, () => 100)));
  it('of a saw that rises, rises', () =>
    expect(
      slopeOf(
        floorOf(
          saw.map(({ x, y }) => ({ x, y: y + 3 * x })),
          1,
        ),
      ),
    ).toBeCloseTo(3));
  it('of nothing is nothing', () => expect(floorOf([], 1)).toEqual([]));
});
