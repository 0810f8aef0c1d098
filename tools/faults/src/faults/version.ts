import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Fault, Scene } from '../fault.ts';
import { untilAccepted } from '../pauses.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '../../../..');

/** The version that runs beside this one: a commit of this repository. The default is the last one before receipts met their messages in memory. */
const otherVersion = process.env['HELIOGRAPH_OTHER_VERSION'] ?? '8ca0309';

/** Those whose events the others read, and which may run more than once. */
const services = ['router', 'connector-smpp', 'dlr-forwarder'] as const;
type Service = (typeof services)[number];

/** What flows while both versions run side by side, messages. */
const together = 400;

/** Receipts are held in the memory of one process only where it is the only one that may get them, and an older version does not ask for that. */
const severalProcesses = { env: { RECEIPT_HOLD_MS: '0' } };

export const versionFaults: readonly Fault[] = [
  {
    name: `services of another version (${otherVersion}) start beside this one and leave again`,
    group: 'version',
    impossible: noOtherVersion,
    stack: severalProcesses,
    async strike(scene) {
      await withOtherVersion(scene, async (others) => {
        await flows(scene, together, 'both versions run');
        await Promise.all(others.map(stop));
      });
    },
  },
  {
    name: `services of this version start again beside those of another (${otherVersion})`,
    group: 'version',
    impossible: noOtherVersion,
    stack: severalProcesses,
    async strike(scene) {
      const { stack, say } = scene;
      await withOtherVersion(scene, async (others) => {
        for (const service of services) {
          await stack.restart(service);
          say(`${service} of this version was restarted`);
        }
        await flows(scene, together, 'both versions run');
        // killed, so that this version gets what they held; but what a connector had on its way would be at the provider twice, whichever version it is
        await Promise.all(others.map((other, i) => (services[i] === 'connector-smpp' ? stop(other) : other.kill('SIGKILL'))));
      });
    },
  },
];

function noOtherVersion(): string | undefined {
  try {
    execFileSync('git', ['cat-file', '-e', `${otherVersion}^{commit}`], { cwd: root, stdio: 'ignore' });
    return undefined;
  } catch {
    return `needs git, and a clone that has the commit ${otherVersion}`;
  }
}

async function withOtherVersion(scene: Scene, use: (others: readonly ChildProcess[]) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-other-version-'));
  const others: ChildProcess[] = [];
  try {
    await checkOut(folder);
    for (const service of services) {
      const pid = scene.stack.pid(service);
      if (pid === undefined) throw new Error(`${service} does not run`);
      others.push(startIn(folder, service, pid));
    }
    await Promise.all(others.map(isReady));
    scene.say(`${services.join(', ')} of ${otherVersion} run (pids ${others.map(({ pid }) => pid).join(', ')})`);
    await use(others);
  } finally {
    for (const other of others) if (isRunning(other)) other.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The packages are this version's, those of the project its own. What is generated is made anew only where the schema is another. */
async function checkOut(folder: string): Promise<void> {
  const archive = join(folder, 'archive.tar');
  // not in this process's way: load and provider are in it
  await execute('git', ['archive', '--output', archive, otherVersion], { cwd: root });
  await execute('tar', ['-x', '-f', archive, '-C', folder]);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@heliograph'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@heliograph') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const group of ['apps', 'libs', 'tools'])
    for (const name of readdirSync(join(folder, group))) {
      const project = join(group, name);
      symlinkSync(join(folder, project), join(modules, '@heliograph', name));
      if (existsSync(join(folder, project, 'prisma/schema.prisma'))) await generate(folder, project);
    }
}

async function generate(folder: string, project: string): Promise<void> {
  const schemaIn = (where: string): string => readFileSync(join(where, project, 'prisma/schema.prisma'), 'utf8');
  const [, output = 'generated'] = /^\s*output\s*=\s*"([^"]+)"/m.exec(schemaIn(folder)) ?? [];
  const clientIn = (where: string): string => join(where, project, 'prisma', output);
  if (existsSync(clientIn(root)) && schemaIn(root) === schemaIn(folder)) return cp(clientIn(root), clientIn(folder), { recursive: true });
  const prisma = join(root, 'node_modules/prisma/build/index.js');
  // its engine is not needed for this and may not be there
  const env = { ...process.env, NODE_OPTIONS: '', PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' };
  await execute(process.execPath, [prisma, 'generate'], { cwd: join(folder, project), env });
}

/** With the environment of this version's process, but for its name and its port. */
function startIn(folder: string, service: Service, pid: number): ChildProcess {
  const inherited = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .flatMap((line) => (line === '' ? [] : [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]]));
  const { NODE_CHANNEL_FD: _, ...env } = Object.fromEntries(inherited) as NodeJS.ProcessEnv;
  return spawn(process.execPath, [join(folder, 'apps', service, 'src/main.ts')], {
    cwd: folder,
    env: { ...env, SERVICE_INSTANCE: `${service}-of-another-version`, HEALTH_PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function isReady(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('a service of the other version ended before it was ready');
  });
  await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {});
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Resolves when so many more messages are accepted. */
async function flows({ accepted, say }: Scene, messages: number, what: string): Promise<void> {
  const until = accepted() + messages;
  await untilAccepted(accepted, until);
  say(`${messages} messages were accepted while ${what}`);
}
