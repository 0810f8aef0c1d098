import { expect, test } from '@jest/globals';
import { mendWhenThereIsRoom } from './mend-nats.ts';

const full = "JetStream stream 'SUBMITTED' write error: no space left on device";

/** A server whose answers are given one by one; resolves when all were asked for. */
function serverOf(faults: (string | undefined)[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let exited: () => void = () => undefined;
  return {
    pid: 4711,
    onExit: (listener: () => void) => (exited = listener),
    storeFault: async () => {
      const fault = faults.shift();
      if (faults.length === 0) setTimeout(resolve, 5);
      return fault;
    },
    asked: promise,
    exit: () => exited(),
  };
}

test('a stream that cannot be written is told once, and the server is ended once, when there is room', async () => {
  const server = serverOf([undefined, full, full, full, full]);
  const [said, ended]: [string[], number[]] = [[], []];
  const rooms = [0, 1_000, 1e9, 1e9];
  mendWhenThereIsRoom(server, {
    dataDir: '/',
    say: (line) => said.push(line),
    end: (pid) => ended.push(pid),
    room: () => rooms.shift() as number,
    lookEveryMs: 1,
  });
  await server.asked;
  server.exit();
  expect(ended).toEqual([4711]);
  expect(said).toHaveLength(2);
});

test('one that is well, or does not answer, is left alone', async () => {
  const server = serverOf([undefined, undefined, undefined]);
  const said: string[] = [];
  const end = (): never => {
    throw new Error('ended');
  };
  mendWhenThereIsRoom(server, { dataDir: '/', say: (line) => said.push(line), end, lookEveryMs: 1 });
  await server.asked;
  server.exit();
  expect(said).toEqual([]);
});
