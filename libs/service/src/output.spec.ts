import { afterEach, expect, test } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOutput } from './output.ts';

const source = new URL('./output.ts', import.meta.url).href;
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

const run = (body: string, stdout: 'pipe' | number = 'pipe'): ChildProcess => {
  const script = `const { createOutput } = await import('${source}'); const output = createOutput(1); ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: {}, stdio: ['ignore', stdout, 'inherit', 'ipc'] });
  started.push(child);
  return child;
};

const count = 20_000;
const lines = Array.from({ length: count }, (_, i) => `line ${i}`);
const writeAll = `for (let i = 0; i < ${count}; i += 1) output.write('line ' + i + '\\n');`;

test.each([
  ['exit at once', `${writeAll} process.exit(3);`],
  ['exit a turn later', `${writeAll} setImmediate(() => setImmediate(() => process.exit(3)));`],
  ['no exit, only an end', `${writeAll} process.exitCode = 3;`],
])('more than a pipe holds, %s: every line comes out once and in order', async (_name, body) => {
  const child = run(body);
  const [text, [code]] = await Promise.all([child.stdout?.toArray(), once(child, 'exit')]);
  expect(
    Buffer.concat(text ?? [])
      .toString()
      .trim()
      .split('\n'),
  ).toEqual(lines);
  expect(code).toBe(3);
});

test('the reader is gone, lines are waiting: the process exits with its own code', async () => {
  const child = run(`process.on('message', () => { output.write('a\\n'); output.write('b\\n'); process.exit(3); }); process.send('up');`);
  await once(child, 'message');
  child.stdout?.destroy();
  await once(child.stdout ?? child, 'close');
  child.send('go');
  expect(await once(child, 'exit')).toEqual([3, null]);
});

test('nobody reads the pipe: the event loop goes on and the process exits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'output-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // Node's own stdio "pipes" are sockets; a container's log is a FIFO. Opened for both, so that neither end waits for the other.
  const pipe = openSync(path, 'r+');
  const child = run(
    `const line = 'x'.repeat(1024 * 1024); for (let i = 0; i < 20; i += 1) output.write(line);
     setImmediate(() => setImmediate(() => process.send('alive'))); process.on('message', () => process.exit(3));`,
    pipe,
  );
  expect(await once(child, 'message')).toEqual(['alive', undefined]);
  child.send('go');
  expect(await once(child, 'exit')).toEqual([3, null]);
  closeSync(pipe);
  rmSync(folder, { recursive: true });
});

test('a descriptor that cannot be written to makes it a sink', async () => {
  const output = createOutput(openSync(fileURLToPath(import.meta.url), 'r'));
  output.write('lost\n');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(() => output.write('lost\n')).not.toThrow();
});
