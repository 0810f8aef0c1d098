import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A project with a stand-in npm that "installs" a link to this Node and a stand-in prisma. */
let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'heliograph-bootstrap-')));
  mkdirSync(join(root, 'tools/bootstrap'), { recursive: true });
  mkdirSync(join(root, 'bin'));
  copyFileSync(join(import.meta.dirname, '../bootstrap.cjs'), join(root, 'tools/bootstrap/bootstrap.cjs'));
  write(
    'package-lock.json',
    JSON.stringify({
      packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/other-platform': { version: '1.0.0', optional: true } },
    }),
  );
  write(
    'bin/npm',
    `#!/bin/sh
echo "npm $*" >> calls
echo noise from npm
[ -e offline ] && exit 7
rm -rf node_modules && mkdir -p node_modules/.bin node_modules/prisma/build
ln -s "${process.execPath}" node_modules/.bin/node
echo 'const fs = require("fs"); fs.appendFileSync("../../calls", "prisma " + process.cwd().split("/").slice(-2).join("/") + "\\\\n"); if (!process.env.PRISMA_SCHEMA_ENGINE_BINARY) process.exit(1); fs.mkdirSync("generated", { recursive: true }); console.log("noise from prisma")' > node_modules/prisma/build/index.js
`,
    0o755,
  );
  write(
    'show.cjs',
    'console.log(JSON.stringify({ args: process.argv.slice(2), path: process.env.PATH.split(":")[0], cwd: process.cwd() }));',
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text, { mode });
}

const calls = () => (existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : []);

function start(args: string[], path = `${join(root, 'bin')}${delimiter}${process.env['PATH']}`) {
  const { npm_execpath: _, NODE_OPTIONS: __, ...env } = process.env;
  return spawn(process.execPath, [join(root, 'tools/bootstrap/bootstrap.cjs'), ...args], {
    cwd: root,
    env: { ...env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function bootstrap(args: string[], path?: string) {
  const child = start(args, path);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

describe('bootstrap on a fresh clone', () => {
  test("installs, then runs the file with its arguments, the pinned Node first on PATH; stdout is only the command's", async () => {
    const { code, stdout, stderr } = await bootstrap(['run', 'show.cjs', '--json', 'a b']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ args: ['--json', 'a b'], path: join(root, 'node_modules/.bin'), cwd: root });
    expect(stderr).toContain('noise from npm');
    expect(calls()).toEqual([expect.stringMatching(/^npm ci --include=dev /)]);
  });

  test('installs once; again when package-lock.json has changed', async () => {
    await bootstrap(['run', 'show.cjs']);
    await bootstrap(['run', 'show.cjs']);
    expect(calls()).toHaveLength(1);
    write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/a': { version: '2.0.0' } } }));
    await bootstrap(['run', 'show.cjs']);
    expect(calls()).toHaveLength(2);
  });

  test('started twice at once installs once', async () => {
    const both = await Promise.all([bootstrap(['run', 'show.cjs']), bootstrap(['run', 'show.cjs'])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
  });

  test('takes over the lock of a process that died while installing', async () => {
    write('.data/install.lock', `${2 ** 22 + 1} 0`); // beyond any pid
    expect((await bootstrap(['run', 'show.cjs'])).code).toBe(0);
    expect(existsSync(join(root, '.data/install.lock'))).toBe(false);
  });

  test('knows its commands, and shows them when given another', async () => {
    write('tools/launcher/src/main.ts', 'const text: string = "launched"; console.log(text, process.argv[2], process.connected);');
    write('tools/check/src/main.ts', 'console.log("checked", process.connected ?? false);');
    expect((await bootstrap(['start', '--help'])).stdout).toBe('launched --help true\n');
    expect((await bootstrap(['test'])).stdout).toBe('checked false\n');
    expect(await bootstrap(['toString'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('<start|test|docs|bench|run FILE>'),
    });
  });
});

describe('bootstrap on a tree that somebody installed by hand', () => {
  const installedBy = (version: string) => {
    mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
    write('node_modules/.bin/node', `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, 0o755);
    write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/a': { version } } }));
  };

  test('takes it as it is when npm notes the same versions', async () => {
    installedBy('1.0.0');
    expect((await bootstrap(['run', 'show.cjs'])).code).toBe(0);
    expect(calls()).toEqual([]);
  });

  test('installs when a version differs', async () => {
    installedBy('0.9.0');
    expect((await bootstrap(['run', 'show.cjs'])).code).toBe(0);
    expect(calls()).toHaveLength(1);
  });
});

describe('database clients', () => {
  beforeEach(() => write('libs/registry/prisma/schema.prisma', 'generator client {\n  output = "../generated"\n}\n'));
  const generated = () => calls().filter((call) => call.startsWith('prisma'));

  test('are generated once, without noise on stdout; again when the schema changed or the folder is gone', async () => {
    const first = await bootstrap(['run', 'show.cjs']);
    expect(first.stdout).not.toContain('noise');
    await bootstrap(['run', 'show.cjs']);
    expect(generated()).toEqual(['prisma libs/registry']);
    write('libs/registry/prisma/schema.prisma', 'generator client {\n  output = "../generated"\n}\nmodel A {}\n');
    await bootstrap(['run', 'show.cjs']);
    expect(generated()).toHaveLength(2);
    rmSync(join(root, 'libs/registry/generated'), { recursive: true });
    await bootstrap(['run', 'show.cjs']);
    expect(generated()).toHaveLength(3);
  });
});

describe('bootstrap in trouble', () => {
  test('without npm says where it comes from', async () => {
    expect(await bootstrap(['run', 'show.cjs'], '/nowhere')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('npm was not found on PATH'),
    });
  });

  test('when npm fails says so, with its exit code, and tries again next time', async () => {
    write('offline', '');
    expect(await bootstrap(['run', 'show.cjs'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('npm ci failed (exit code 7)'),
    });
    rmSync(join(root, 'offline'));
    expect((await bootstrap(['run', 'show.cjs'])).code).toBe(0);
  });
});

describe('the command', () => {
  test('hands its exit code through', async () => {
    write('exit.cjs', 'process.exit(42);');
    expect(await bootstrap(['run', 'exit.cjs'])).toMatchObject({ code: 42 });
  });

  test('gets our signals, and how it ends by one is how we end', async () => {
    write('wait.cjs', 'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("waiting");');
    const child = start(['run', 'wait.cjs']);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([5, null]);

    write('die.cjs', 'process.kill(process.pid, "SIGKILL");');
    expect(await bootstrap(['run', 'die.cjs'])).toMatchObject({ signal: 'SIGKILL' });
  });
});
