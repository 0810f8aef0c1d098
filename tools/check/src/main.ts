/**
 * `npm test`: format, lint with module boundaries, types, then every test. Arguments go to jest, and then only the tests run:
 * `npm test -- libs/smpp`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

interface Done {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, '../../..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

/** Without Nx's graph of the projects the lint rule for module boundaries says nothing at all. */
const graph: Step = { name: 'graph', command: [bin('nx'), 'show', 'projects'] };

const staticSteps: readonly Step[] = [
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', command: [bin('eslint'), '--max-warnings', '0', '.'] },
  { name: 'types', command: [bin('tsc'), '--project', '.'] },
];

const env = {
  ...process.env,
  NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  NX_DAEMON: 'false',
  FORCE_COLOR: '0',
};

function run({ command: [file, ...args] }: Step, inherit: boolean): Promise<Done> {
  const begunMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', inherit ? 'inherit' : 'pipe', inherit ? 'inherit' : 'pipe'] });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => resolve({ ok: code === 0, output, seconds: (performance.now() - begunMs) / 1000 }));
  });
}

async function check(step: Step, inherit = false): Promise<boolean> {
  const { ok, output, seconds } = await run(step, inherit);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds.toFixed(1)} s)`);
  if (!ok) console.log(output);
  return ok;
}

async function main(jestArguments: readonly string[]): Promise<number> {
  const only = jestArguments.length > 0;
  const oks = only ? [] : [await check(graph), ...(await Promise.all(staticSteps.map((step) => check(step))))];
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-check-'));
  const report = join(folder, 'jest.json');
  try {
    oks.push(await check({ name: 'tests', command: [bin('jest'), '--json', '--outputFile', report, ...jestArguments] }, true));
    const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    console.log(`\n${passed} passed, ${failed} failed`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return oks.every(Boolean) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
