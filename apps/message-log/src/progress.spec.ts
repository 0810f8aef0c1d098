import { describe, expect, it } from '@jest/globals';
import { createProgress } from './progress.ts';

const longMs = 60_000;

describe('progress', () => {
  it('is behind a record until its last event is written', async () => {
    const progress = createProgress();
    progress.taken(7);
    progress.taken(7);
    progress.written(7);
    expect(await progress.reached(7, 0)).toBe(false);
    const reached = progress.reached(7, longMs);
    progress.written(7);
    expect(await reached).toBe(true);
  });

  it('is behind the oldest record that is not written, whatever was written after it', async () => {
    const progress = createProgress();
    for (const seq of [3, 4]) progress.taken(seq);
    progress.written(4);
    expect(await progress.reached(4, 0)).toBe(false);
    expect(await progress.reached(2, longMs)).toBe(true);
    const reached = progress.reached(4, longMs);
    progress.written(3);
    expect(await reached).toBe(true);
  });

  it('believes that a record nobody brings was written elsewhere, but only with nothing in hand', async () => {
    const progress = createProgress();
    progress.passed(5);
    expect(await progress.reached(5, longMs)).toBe(true);
    progress.taken(8);
    progress.passed(9);
    expect(await progress.reached(9, 0)).toBe(false);
  });
});
