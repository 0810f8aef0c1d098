import type { Exit } from '@heliograph/embedded';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { keepRunning } from './keep-running.ts';
import type { Running } from './keep-running.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const killed: Exit = { code: null, signal: 'SIGKILL' };

/** A process that dies when told, and whose next starts go as `outcomes` says. */
function fake(outcomes: ('runs' | 'fails')[]) {
  const starts: (number | undefined)[] = [];
  const said: string[] = [];
  let die: (exit: Exit) => void = () => undefined;
  let pid = 100;
  const start = (previous: Running | undefined): Promise<Running> => {
    starts.push(previous?.pid);
    if (outcomes.shift() === 'fails') return Promise.reject(new Error('port is taken\nand more'));
    const run: Running = {
      pid: ++pid,
      onExit: (listener) => (die = listener),
      stop: () => Promise.resolve(die({ code: 0, signal: null })),
      kill: () => undefined,
    };
    return Promise.resolve(run);
  };
  const keep = () =>
    keepRunning({ name: 'router', start, say: (line) => said.push(line), onChange: () => undefined }, new AbortController().signal);
  return { keep, starts, said, die: (exit: Exit) => die(exit) };
}

describe('a process that is kept running', () => {
  test('is started again after 1 s, told who was there before; a start that fails is tried again after twice as long', async () => {
    const { keep, starts, said, die } = fake(['runs', 'fails', 'runs']);
    const kept = await keep();
    die(killed);
    expect(kept.pid()).toBeUndefined();
    await jest.advanceTimersByTimeAsync(999);
    expect(starts).toEqual([undefined]);
    await jest.advanceTimersByTimeAsync(1);
    expect(starts).toEqual([undefined, 101]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(kept.pid()).toBe(102);
    expect(starts).toEqual([undefined, 101, 101]);
    expect(said).toEqual([
      'router ended by SIGKILL; starting it again in 1 s',
      'router did not start: port is taken; starting it again in 2 s',
      'router runs again (pid 102)',
    ]);
  });

  test('that ran for long begins with the short wait again', async () => {
    const { keep, said, die } = fake(['runs', 'runs', 'runs', 'runs']);
    await keep();
    die(killed);
    await jest.advanceTimersByTimeAsync(1_000);
    die(killed);
    await jest.advanceTimersByTimeAsync(2_000 + 60_001);
    die({ code: 1, signal: null });
    expect(said.filter((line) => line.includes('again in'))).toEqual([
      'router ended by SIGKILL; starting it again in 1 s',
      'router ended by SIGKILL; starting it again in 2 s',
      'router ended with exit code 1; starting it again in 1 s',
    ]);
  });

  test('whose first start fails is not tried again', async () => {
    const { keep, starts } = fake(['fails']);
    await expect(keep()).rejects.toThrow('port is taken');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(starts).toHaveLength(1);
  });

  test('is not started again once it was stopped, nor when stopped during the wait', async () => {
    const running = fake(['runs', 'runs']);
    const kept = await running.keep();
    await kept.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(running.starts).toHaveLength(1);

    const waiting = fake(['runs', 'runs']);
    const other = await waiting.keep();
    waiting.die(killed);
    await other.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(waiting.starts).toHaveLength(1);
  });
});
