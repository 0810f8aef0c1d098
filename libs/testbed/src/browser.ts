import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '@heliograph/embedded';
import type { Browser } from 'playwright-core';
import { debianSources, programName } from './browser-from-debian.ts';

const run = promisify(execFile);

/** How long a test may wait for `launchBrowser`: on a machine without one, the first waits for the download and the others for it. */
export const browserWaitMs = 900_000;

/** Debian's, Ubuntu's, the vendor's. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export interface BrowserSearch {
  readonly env?: NodeJS.ProcessEnv;
  /** The path of a program by its name; by default as PATH says. */
  readonly which?: (name: string) => string | undefined;
  /** Where a fetched one is kept; by default with the other programs that tests fetch. */
  readonly cacheDir?: string;
  /** Ways to fetch one, tried in order; by default Debian's packages. */
  readonly sources?: readonly BrowserSource[];
  /** Told when it takes long; by default stderr. */
  readonly log?: (line: string) => void;
}

export interface BrowserSource {
  readonly name: string;
  /** Resolves with the program's path, in the folder `target` (made at once or not at all) or elsewhere; rejects saying why not. */
  fetch(target: string, log: (line: string) => void): Promise<string>;
}

/**
 * A headless Chromium that reaches this machine alone. Rejects when there is none and none can be had, or it does not start. Close it
 * in afterAll.
 */
export async function launchBrowser(search: BrowserSearch = {}): Promise<Browser> {
  const executablePath = await findBrowser(search);
  // late: most tests that import this library need no browser
  const { chromium } = await import('playwright-core');
  const launch = (chromiumSandbox: boolean) => chromium.launch({ executablePath, headless: true, chromiumSandbox, args: [...arguments_] });
  // Chromium refuses the sandbox to root; to others the kernel or a container may, and only trying tells
  return process.getuid?.() === 0 ? launch(false) : launch(true).catch(() => launch(false));
}

/** Beside playwright's own (no background networking, no component update, no /dev/shm). */
const arguments_ = ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]'];

/**
 * The path of a Chromium that runs: CHROMIUM (then nothing else is tried), PATH, the cache, or fetched, once for all test processes.
 * Rejects with what was tried and what to do.
 */
export async function findBrowser(search: BrowserSearch = {}): Promise<string> {
  const { env = process.env, sources = debianSources(), log = toStderr } = search;
  const explicit = env['CHROMIUM'];
  if (explicit) {
    if (await runs(explicit)) return explicit;
    throw new Error(`CHROMIUM is ${explicit}, which does not run as a Chromium`);
  }
  const cacheDir = search.cacheDir ?? cacheFolder(env);
  const target = join(cacheDir, `chromium-${process.platform}-${process.arch}`);
  const which = search.which ?? ((name) => onPath(name, env));
  const present = () => firstThatRuns([...names.flatMap((name) => which(name) ?? []), join(target, programName)]);

  const found = await present();
  if (found !== undefined || sources.length === 0) return found ?? refuse(cacheDir, []);
  mkdirSync(cacheDir, { recursive: true });
  return alone(`${target}.lock`, async () => (await present()) ?? fetchOne(target, { cacheDir, sources, log }));
}

async function fetchOne(
  target: string,
  { cacheDir, sources, log }: Required<Pick<BrowserSearch, 'cacheDir' | 'sources' | 'log'>>,
): Promise<string> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      const path = await source.fetch(target, log);
      if (await runs(path)) return path;
      reasons.push(`- ${source.name}: ${path} does not run`);
    } catch (error) {
      reasons.push(`- ${source.name}: ${(error as Error).message.trim()}`);
    }
  }
  return refuse(cacheDir, reasons);
}

function refuse(cacheDir: string, reasons: readonly string[]): never {
  throw new Error(
    [
      `No Chromium was found on PATH (${names.join(', ')}) or in ${cacheDir}, and none could be fetched:`,
      ...(reasons.length > 0 ? reasons : ['- this is not a Debian']),
      'Install one (Debian: apt-get install chromium), or name it with CHROMIUM=/path/to/chromium.',
    ].join('\n'),
  );
}

async function firstThatRuns(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await runs(path)) return path;
  return undefined;
}

/** Ubuntu has a `chromium-browser` that only says what to install; an unpacked one may have lost its libraries to an upgrade. */
async function runs(path: string): Promise<boolean> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 30_000 });
    return /chrom/i.test(stdout);
  } catch {
    return false;
  }
}

function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Does the work while nobody else with this lock file does. The lock lasts as long as our pipe to `cat`: one of a killed process is
 * never left.
 */
async function alone<Value>(file: string, work: () => Promise<Value>): Promise<Value> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(holder, 'close');
  await Promise.race([once(holder.stdout, 'data'), ended]);
  if (holder.exitCode !== null) throw new Error(`the lock ${file} cannot be had`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

function toStderr(line: string): void {
  process.stderr.write(`browser: ${line}\n`);
}
