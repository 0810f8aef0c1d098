'use strict';
/* eslint-disable @typescript-eslint/no-require-imports -- CommonJS, as it must start on Nodes where ES modules would need more care */
/**
 * What every npm script goes through: `node tools/bootstrap/bootstrap.cjs <command> [arguments]`. Installs what is missing, then runs the
 * command with the pinned Node of node_modules. Plain JavaScript (ES2019, CommonJS): it must run on any Node from 18, with nothing installed.
 * An up-to-date tree costs one Node start and a hash. Only stderr is written to: stdout belongs to the command.
 */
const { spawn } = require('child_process');
const { createHash } = require('crypto');
const fs = require('fs');
const path = require('path');

const root = path.resolve(__dirname, '..', '..');
const modules = path.join(root, 'node_modules');
const nodeVersionMin = 18;
const lockAgeMsMax = 20 * 60 * 1000;

/** `leash`: the command also ends when we are killed (it sees its IPC channel close). */
const commands = {
  start: { file: 'tools/launcher/src/main.ts', leash: true },
  test: { file: 'tools/check/src/main.ts', leash: false },
  docs: { file: 'tools/docs/src/main.ts', leash: false },
  bench: { file: 'tools/bench/src/main.ts', leash: false },
};

main().catch((error) => fail(error.expected ? error.message : error.stack));

async function main() {
  const { file, args, leash } = chosenCommand(process.argv.slice(2));
  if (Number(process.versions.node.split('.')[0]) < nodeVersionMin) {
    throw expected(
      `Node ${process.versions.node} is too old to begin with: ${nodeVersionMin} or newer is needed (the project then brings its own).`,
    );
  }
  if (!isInstalled() || staleSchemas().length > 0) await withInstallLock(prepare);
  runCommand(file, args, leash);
}

function chosenCommand([name, ...args]) {
  if (name === 'run' && args.length > 0) return { file: args[0], args: args.slice(1), leash: false };
  const command = Object.prototype.hasOwnProperty.call(commands, name) ? commands[name] : undefined;
  if (!command) throw expected(`usage: node tools/bootstrap/bootstrap.cjs <${Object.keys(commands).join('|')}|run FILE> [arguments]`);
  return { file: command.file, args, leash: command.leash };
}

/** Under the lock, so asked again: another process may have done it meanwhile. */
async function prepare() {
  if (!isInstalled()) await install();
  await Promise.all(staleSchemas().map(generateClient));
}

// ---- dependencies

/** Below node_modules, so that it goes when they go. */
function stampFile() {
  return path.join(modules, '.heliograph-install');
}

function isInstalled() {
  if (!pinnedNode()) return false;
  const wanted = installHash();
  if (readIfThere(stampFile()) === wanted) return true;
  if (!matchesLock()) return false;
  writeStamp(stampFile(), wanted); // installed by hand, and right
  return true;
}

/** Native parts differ by platform: a tree from another one (a shared folder, an image) is not ours. */
function installHash() {
  return `${sha256(fs.readFileSync(path.join(root, 'package-lock.json')))} ${process.platform}-${process.arch}`;
}

/** npm notes in node_modules what it put there. Optional packages may be missing: they are for other platforms. */
function matchesLock() {
  const installed = readIfThere(path.join(modules, '.package-lock.json'));
  if (installed === undefined || fs.existsSync(stampFile())) return false; // a stamp that differs: the lock has moved on
  const there = JSON.parse(installed).packages;
  const wanted = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(wanted).every((name) => {
    if (name === '' || !name.startsWith('node_modules/')) return true;
    if (!there[name]) return wanted[name].optional === true || wanted[name].devOptional === true;
    return there[name].version === wanted[name].version;
  });
}

async function install() {
  say('installing dependencies (npm ci), a minute or so the first time');
  const code = await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--no-json']);
  if (code !== 0) {
    throw expected(
      `npm ci failed (exit code ${code}); its output is above. Without network it needs a filled npm cache; behind a proxy, npm's own "proxy" and "registry" settings.`,
    );
  }
  // `node` from npm unpacks its binary in an install script; npm may be configured to run none.
  if (!pinnedNode()) await npm(['rebuild', 'node', '--ignore-scripts=false', '--foreground-scripts']);
  if (!pinnedNode())
    throw expected(
      'the pinned Node was not installed: npm did not run the install script of the package "node". Try: npm rebuild node --foreground-scripts',
    );
  writeStamp(stampFile(), installHash());
}

/**
 * Resolves with the exit code. The npm that runs us, else the one on PATH. What it prints goes to stderr: only errors, as half of the
 * packages would complain of this Node, which is not the one they will run on.
 */
function npm(args) {
  const cli = process.env.npm_execpath;
  const viaNode = cli !== undefined && /npm-cli\.c?js$/.test(cli) && fs.existsSync(cli);
  const [command, ...first] = viaNode ? [process.execPath, cli] : [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    const sinceMs = Date.now();
    const heartbeat = setInterval(() => say(`still at it (npm ${args[0]}, ${Math.round((Date.now() - sinceMs) / 1000)} s)`), 10000);
    child.once('close', () => clearInterval(heartbeat));
    child.once('error', (error) => {
      clearInterval(heartbeat);
      reject(
        error.code === 'ENOENT'
          ? expected('npm was not found on PATH; it comes with Node (nodejs.org), on Debian in the package "npm".')
          : error,
      );
    });
    child.once('exit', (code, signal) => resolve(code === null ? signal : code));
  });
}

function pinnedNode() {
  const places = [
    path.join(modules, 'node', 'bin', 'node'),
    path.join(modules, '.bin', 'node'),
    path.join(modules, 'node', 'bin', 'node.exe'),
  ];
  return places.find((place) => fs.existsSync(place));
}

// ---- Prisma clients: generated code is not in git

/** Projects whose client is missing or was made from another schema, configuration or Prisma. */
function staleSchemas() {
  const stamps = generatedStamps();
  return projectsWithSchema().filter((project) => stamps[project] !== schemaHash(project) || !fs.existsSync(clientFolder(project)));
}

function projectsWithSchema() {
  const groups = ['apps', 'libs'].map((group) => namesIn(path.join(root, group)).map((name) => `${group}/${name}`));
  return [].concat(...groups).filter((project) => fs.existsSync(schemaFile(project)));
}

function schemaFile(project) {
  return path.join(root, project, 'prisma', 'schema.prisma');
}

function clientFolder(project) {
  const output = /^\s*output\s*=\s*"([^"]+)"/m.exec(fs.readFileSync(schemaFile(project), 'utf8'));
  return path.resolve(path.dirname(schemaFile(project)), output ? output[1] : 'generated');
}

function schemaHash(project) {
  const prisma = readIfThere(path.join(modules, 'prisma', 'package.json')) || '';
  const config = readIfThere(path.join(root, project, 'prisma.config.ts')) || '';
  return sha256([fs.readFileSync(schemaFile(project), 'utf8'), config, prisma].join('\0'));
}

function generatedStampFile() {
  return path.join(modules, '.heliograph-generated');
}

function generatedStamps() {
  try {
    return JSON.parse(readIfThere(generatedStampFile()) || '{}');
  } catch {
    return {}; // cut off by a crash: then they are made again
  }
}

function generateClient(project) {
  say(`generating the database client of ${project}`);
  const node = pinnedNode();
  const env = Object.assign({}, process.env, {
    // The schema engine cannot be downloaded everywhere and `generate` never runs it; Prisma only wants to see that some program is there.
    PRISMA_SCHEMA_ENGINE_BINARY: node,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  });
  return new Promise((resolve, reject) => {
    const child = spawn(node, [path.join(modules, 'prisma', 'build', 'index.js'), 'generate'], {
      cwd: path.join(root, project),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) return reject(expected(`prisma generate failed in ${project}:\n${output}`));
      // Read again each time: several projects finish in any order.
      writeStamp(generatedStampFile(), JSON.stringify(Object.assign(generatedStamps(), { [project]: schemaHash(project) })));
      resolve();
    });
  });
}

// ---- one at a time

/** Outside node_modules, which npm ci deletes. Holds the pid; a dead process's lock is taken over, and so is one that is too old to be true. */
async function withInstallLock(work) {
  const folder = path.join(root, '.data');
  const file = path.join(folder, 'install.lock');
  fs.mkdirSync(folder, { recursive: true });
  const mine = `${process.pid} ${Date.now()}`;
  let told = false;
  while (!(await acquire(file, mine))) {
    if (!told) say(`waiting for another process that installs here (${file})`);
    told = true;
    await pause(200);
  }
  try {
    await work();
  } finally {
    if (readIfThere(file) === mine) fs.unlinkSync(file);
  }
}

async function acquire(file, mine) {
  try {
    fs.writeFileSync(file, mine, { flag: 'wx' });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isAbandoned(file)) fs.rmSync(file, { force: true });
    return false;
  }
  // Two that find the same dead lock may each remove it, the second one removing the first one's: so look again.
  await pause(50);
  return readIfThere(file) === mine;
}

/** A live process may only have inherited the number, hence the age. */
function isAbandoned(file) {
  const holder = readIfThere(file);
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!holder || !stat) return false; // being written, or just gone
  return !isAlive(Number(holder.split(' ')[0])) || Date.now() - stat.mtimeMs > lockAgeMsMax;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// ---- the command itself

function runCommand(file, args, leash) {
  const env = Object.assign({}, process.env, { PATH: path.join(modules, '.bin') + path.delimiter + (process.env.PATH || '') });
  const stdio = leash ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
  const child = spawn(pinnedNode(), [path.resolve(root, file), ...args], { stdio, env, cwd: process.cwd() });
  child.once('error', (error) => fail(`${pinnedNode()} could not be started: ${error.message}`));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal); // so that our parent sees how it ended
  });
}

// ---- small things

function namesIn(folder) {
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A note to ourselves. Where we may not write (an image's read-only tree) it is found missing again next time, no more. */
function writeStamp(file, text) {
  try {
    fs.writeFileSync(file, text);
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error;
  }
}

function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function say(line) {
  process.stderr.write(`heliograph: ${line}\n`);
}

function expected(message) {
  return Object.assign(new Error(message), { expected: true });
}

function fail(message) {
  say(message);
  process.exit(1);
}
