import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { freePort } from './free-port.ts';
import { postgresAccount } from './postgres-account.ts';
import type { Account } from './postgres-account.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { existingCluster, placeCluster, removeCluster } from './postgres-place.ts';
import { commandLineOf, processStart } from './process-identity.ts';
import { lastLogLines, releaseOrphan, startServer, waitUntil } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

export interface PostgresOptions {
  /** Made when missing. Holds the password, the log and (as a rule) the cluster. */
  dataDir: string;
  /** 0, the default, takes any free port. */
  port?: number;
  /** Told what takes longer than a moment, in words for people. */
  log?: (line: string) => void;
}

export interface PostgresServer extends ServerProcess {
  /** With user, password and database; for the client library. */
  url: string;
  port: number;
}

const user = 'heliograph';
const database = 'postgres';
/** After a crash the first start replays up to max_wal_size (1 GB) of log: minutes on a slow disk, not for ever. */
const readyWaitMs = 120_000;
const startAttempts = 10;

/**
 * Command-line settings win over postgresql.conf, so a new release of this project can change them for existing data.
 * fsync and synchronous_commit keep their default, on: what is committed here is money.
 */
const settings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // names in a shared folder could clash, and nobody connects that way
  max_connections: '200', // 8 services of up to 10 connections, twice over, and some for people
  dynamic_shared_memory_type: 'mmap', // containers give /dev/shm 64 MB or none
  max_parallel_workers_per_gather: '0', // short queries on small machines
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  cluster_name: user,
};

/**
 * Starts PostgreSQL on `dataDir`, making the database first when there is none, and returns when it takes connections. Only loopback,
 * SCRAM password. Data survives kill -9 of anything. Rejects with a readable message when the folder is in use, made by another
 * major version, or the server does not come up (with the end of its log).
 */
export async function startPostgres({ dataDir, port = 0, log = () => undefined }: PostgresOptions): Promise<PostgresServer> {
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true });
  const server = { name: 'postgres', recordFile: join(folder, 'postgres.process.json'), stopSignal: 'SIGINT' } as const; // SIGINT: fast shutdown
  await releaseOrphan(server);

  const existing = existingCluster(folder);
  const account = postgresAccount(existing ?? folder);
  const binaries = postgresBinaries(account);
  const password = readOrMakePassword(folder, existing !== undefined);
  const clusterDir = existing ?? placeCluster(folder, account);
  if (existing) checkMajor(existing, binaries);
  else {
    log('creating the PostgreSQL database');
    await initialize({ clusterDir, account, binaries, password });
  }
  await clearForeignLock(clusterDir);

  const logFile = join(folder, 'postgres.log');
  for (let attempt = 1; ; attempt++) {
    const chosenPort = port === 0 ? await freePort() : port;
    const logStart = existsSync(logFile) ? readFileSync(logFile).length : 0;
    const running = startServer({
      ...server,
      logFile,
      account,
      ...wrapped(binaries.postgres, serverArgs(clusterDir, chosenPort)),
      env: cleanEnv(),
    });
    const isReady = () => postmasterStatus(clusterDir, running.pid) === 'ready';
    const settled = await waitUntil(() => running.exit() !== undefined || isReady(), readyWaitMs);
    if (settled && running.exit() === undefined) {
      const { exit: _, ...handle } = running;
      return { ...handle, port: chosenPort, url: `postgres://${user}:${password}@127.0.0.1:${chosenPort}/${database}` };
    }
    await running.stop();
    const why = readFileSync(logFile).subarray(logStart).toString();
    // Backends of a killed server hold its memory until they notice, and a free port may have been taken: both pass.
    const passes =
      /pre-existing shared memory|could not create lock file|lock file .* already exists/.test(why) ||
      (port === 0 && /could not bind/.test(why));
    if (!passes || attempt === startAttempts) throw new Error(`PostgreSQL did not start. The end of ${logFile}:\n${lastLogLines(logFile)}`);
    await waitUntil(() => false, 200 * attempt);
  }
}

/** Deletes the database of `dataDir`, also where it lies outside of it. The server must have been stopped. */
export function removePostgres(dataDir: string): void {
  removeCluster(resolve(dataDir));
  rmSync(resolve(dataDir), { recursive: true, force: true });
}

function readOrMakePassword(folder: string, mustExist: boolean): string {
  const file = join(folder, 'password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  if (mustExist) throw new Error(`${file} is missing: the database in ${folder} cannot be opened without it`);
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

function checkMajor(clusterDir: string, { major }: PostgresBinaries): void {
  const found = readFileSync(join(clusterDir, 'PG_VERSION'), 'utf8').trim();
  if (found !== major)
    throw new Error(`${clusterDir} was made by PostgreSQL ${found}, this is ${major}: dump and restore it, or move it away`);
}

/** All or nothing: a cluster that was interrupted halfway never gets its final name. */
async function initialize({
  clusterDir,
  account,
  binaries,
  password,
}: {
  clusterDir: string;
  account: Account | undefined;
  binaries: PostgresBinaries;
  password: string;
}): Promise<void> {
  const making = `${clusterDir}.new`;
  const passwordFile = join(dirname(clusterDir), 'initdb-password');
  rmSync(making, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(making, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) for (const path of [making, passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    // The builtin provider sorts by code point like C, knows Unicode's cases, and needs no locale of the system.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--auth=scram-sha-256', `--username=${user}`, `--pwfile=${passwordFile}`];
    await run(binaries.initdb, ['-D', making, ...locale, ...access, '--no-instructions', '-c', 'dynamic_shared_memory_type=mmap'], account);
    renameSync(making, clusterDir);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * PostgreSQL takes any live process with the pid in a left-over postmaster.pid for a running server; after a restart of the
 * machine or container that number is often someone else's. Then, and once no process of the old server works in the cluster
 * any more, the file is removed. (Only where /proc tells; elsewhere PostgreSQL's own check has to do.)
 */
async function clearForeignLock(clusterDir: string): Promise<void> {
  const file = join(clusterDir, 'postmaster.pid');
  if (process.platform !== 'linux' || !existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (processStart(pid) === undefined || commandLineOf(pid)?.includes('postgres')) return;
  if (await waitUntil(() => !isWorkedIn(clusterDir), 10_000)) rmSync(file, { force: true });
}

function isWorkedIn(dir: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === dir;
    } catch {
      return false; // gone meanwhile, or not ours to see
    }
  });
}

/** Line 8 of postmaster.pid tells the state: `starting`, `ready`, `stopping` (storage/pidfile.h). */
function postmasterStatus(clusterDir: string, pid: number): string | undefined {
  try {
    const lines = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid ? lines[7]?.trim() : undefined;
  } catch {
    return undefined;
  }
}

function serverArgs(clusterDir: string, port: number): string[] {
  return ['-D', clusterDir, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** HELIOGRAPH_POSTGRES_WRAPPER: a program that ends by running what its arguments say, in its place (exec). Fault runs give PostgreSQL a clock by it. */
function wrapped(command: string, args: string[]): { command: string; args: string[] } {
  const wrapper = process.env['HELIOGRAPH_POSTGRES_WRAPPER'];
  return wrapper ? { command: wrapper, args: [command, ...args] } : { command, args };
}

/** PGPORT, PGDATA and the like of the caller would change what starts; the caller's locale may not exist here. */
function cleanEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

function run(command: string, args: string[], account: Account | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...account, cwd: '/', env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} failed (${code}):\n${output}`))));
  });
}
