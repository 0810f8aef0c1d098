import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apt, configuredMirrors, privateSettings } from './apt.ts';
import type { Mirror } from './apt.ts';

const run = promisify(execFile);

/** Where each distribution keeps newer packages than the installed release; the package needs only libc 2.34. */
const newerSuites: Record<string, { suite: string; component: string; keyring: string }> = {
  Debian: { suite: 'forky', component: 'main', keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  Ubuntu: { suite: 'devel', component: 'universe', keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg' },
};

/**
 * Takes the package from the mirror this machine already uses, with apt's own signature check, into private folders: nothing is
 * installed, no right is needed. Returns the program's path; throws saying why not.
 */
export async function fetchFromDistribution(folder: string, log: (line: string) => void): Promise<string> {
  if (process.platform !== 'linux') throw new Error('there is no apt here');
  const [targets, settings] = await Promise.all([
    apt('apt-get', ['indextargets', '--format', '$(ORIGIN) $(REPO_URI)', 'Created-By: Packages']),
    apt('apt-config', ['dump']),
  ]);
  const sources = newerSources(targets, configuredMirrors(), existsSync);
  if (sources.length === 0) throw new Error('apt has no mirror of Debian or Ubuntu configured');

  for (const part of ['lists/partial', 'cache/archives/partial', 'deb', 'root']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'apt.conf'), privateSettings(settings, folder));
  const env = { APT_CONFIG: join(folder, 'apt.conf') };
  const failures: string[] = [];
  for (const source of sources) {
    writeFileSync(join(folder, 'sources.list'), source + '\n');
    try {
      log('reading the package list (10 MB)');
      await apt('apt-get', ['update', '-q', '--error-on=any'], { env, cwd: folder });
      log('downloading the package (5 MB)');
      await apt('apt-get', ['download', '-q', 'nats-server'], { env, cwd: join(folder, 'deb') });
      return await unpack(folder);
    } catch (error) {
      failures.push((error as Error).message.trim());
    }
  }
  throw new Error(failures.join('; '));
}

/**
 * One sources.list line per mirror: from apt's index targets (`ORIGIN URI` lines), which know the origin for certain, else from the
 * configured mirrors, as before the first `apt-get update` (fresh images have no lists) there are no targets.
 */
export function newerSources(targets: string, configured: readonly Mirror[], keyringExists: (path: string) => boolean): string[] {
  const indexed = targets.split('\n').map((line) => {
    const [origin = '', uri = ''] = line.trim().split(' ');
    return { origin, uri };
  });
  const lines = sourceLines(indexed, keyringExists);
  return lines.length > 0 ? lines : sourceLines(configured, keyringExists);
}

/** Security mirrors carry no other suites. */
function sourceLines(mirrors: readonly { origin: string; uri: string }[], keyringExists: (path: string) => boolean): string[] {
  const lines = mirrors.flatMap(({ origin, uri }) => {
    const newer = newerSuites[origin];
    if (!newer || !uri || /security/.test(uri)) return [];
    const signedBy = keyringExists(newer.keyring) ? `[signed-by=${newer.keyring}] ` : '';
    return [`deb ${signedBy}${uri} ${newer.suite} ${newer.component}`];
  });
  return [...new Set(lines)];
}

async function unpack(folder: string): Promise<string> {
  const deb = readdirSync(join(folder, 'deb')).find((name) => name.endsWith('.deb'));
  if (!deb) throw new Error('apt downloaded no package');
  await run('dpkg', ['-x', join(folder, 'deb', deb), join(folder, 'root')]);
  const program = ['usr/sbin/nats-server', 'usr/bin/nats-server']
    .map((path) => join(folder, 'root', path))
    .find((path) => existsSync(path));
  if (!program) throw new Error(`${deb} holds no nats-server`);
  return program;
}
