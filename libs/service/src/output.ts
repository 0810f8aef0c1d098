import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { counter } from './metric.ts';

/**
 * Writes lines to a file descriptor, those of one turn of the event loop together, without waiting for a reader: a paused terminal or a full pipe must
 * not stop a service. Beyond `waitingMax` lines are dropped and counted. When the reader is gone (EPIPE) it becomes a sink; at exit it is flushed.
 *
 * pino's own asynchronous destination is not used: sonic-boom 4.2.1 retries any error but EAGAIN for ever in flushSync, so a process with one line
 * waiting and a closed pipe never exits (met in run.spec.ts, "the reader of stdout goes away").
 */
export const createOutput = (fd: number): DestinationStream => {
  const target = withoutWaiting(fd);
  let waiting: string[] = [];
  let waitingLength = 0;
  let rest: Buffer = Buffer.alloc(0);
  let state: 'idle' | 'due' | 'broken' = 'idle';

  /** Writes what there is; false when the reader is busy. */
  const drain = (): boolean => {
    rest = Buffer.concat([rest, Buffer.from(waiting.join(''))]);
    waiting = [];
    while (rest.length > 0) {
      const count = tryWrite(target, rest);
      if (count === 'busy') break;
      if (count === 'broken') state = 'broken';
      rest = rest.subarray(count === 'broken' ? rest.length : count);
    }
    waitingLength = rest.length;
    return rest.length === 0;
  };
  const turn = (): void => {
    if (!drain()) setTimeout(turn, busyMs);
    else if (state === 'due') state = 'idle';
  };
  process.once('exit', () => {
    // There is no event loop any more: a busy reader gets 50 x 10 ms, then the rest is given up.
    for (let tries = 0; tries < 50 && !drain(); tries += 1) Atomics.wait(nap, 0, 0, busyMs);
  });

  return {
    write: (line) => {
      if (state === 'broken') return;
      if (waitingLength + line.length > waitingMax) return dropped.add();
      waiting.push(line);
      waitingLength += line.length;
      if (state === 'due') return;
      state = 'due';
      setImmediate(turn);
    },
  };
};

/** 16 MiB, some 60,000 lines. */
const waitingMax = 16 * 1024 * 1024;
const busyMs = 10;
const nap = new Int32Array(new SharedArrayBuffer(4));

const dropped = counter('log_lines_dropped', 'log lines that nobody read in time');

/**
 * The same pipe or terminal opened once more with O_NONBLOCK: the flag belongs to the opening, so others who hold this descriptor do not notice
 * (open(2)). Where that cannot be (no /proc, no permission, or a socket, which is what a
 * Node parent hands out as a pipe) the descriptor itself, which may wait; files have no reader to wait for.
 */
const withoutWaiting = (fd: number): number => {
  try {
    const kind = fstatSync(fd);
    return kind.isFIFO() || kind.isCharacterDevice() ? openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK) : fd;
  } catch {
    return fd;
  }
};

const tryWrite = (fd: number, chunk: Buffer): number | 'busy' | 'broken' => {
  try {
    return writeSync(fd, chunk);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'busy' : 'broken';
  }
};
