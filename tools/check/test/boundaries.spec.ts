import { beforeAll, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const env = { ...process.env, NX_DAEMON: 'false', NODE_OPTIONS: '' };

// the rule says nothing without Nx's graph of the projects
beforeAll(() => void execFileSync(bin('nx'), ['show', 'projects'], { cwd: root, env }), 60_000);

test.each([
  ['an app that imports an app', 'apps/router/src/x.ts', "import '../../http-api/src/start.ts';", '@nx/enforce-module-boundaries'],
  ['an app that imports a tool', 'apps/router/src/x.ts', "import '@heliograph/carrier-simulator';", '@nx/enforce-module-boundaries'],
  ['a leaf library that imports another', 'libs/smpp/src/x.ts', "import '@heliograph/segment';", '@nx/enforce-module-boundaries'],
  ['a look past the public entry', 'apps/router/src/x.ts', "import '../../../libs/smpp/src/codec.ts';", '@nx/enforce-module-boundaries'],
  ['a JetStream client outside of the queue', 'apps/router/src/x.ts', "import '@nats-io/jetstream';", 'no-restricted-imports'],
  ['Express outside of http-api', 'apps/router/src/x.ts', "import 'express';", 'no-restricted-imports'],
])('lint refuses %s', (_, file, code, rule) => {
  const { status, stdout } = spawnSync(bin('eslint'), ['--stdin', '--stdin-filename', file], {
    cwd: root,
    env,
    input: `${code}\n`,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining(rule) });
});
