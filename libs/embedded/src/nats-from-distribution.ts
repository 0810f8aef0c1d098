import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

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
  const sources = newerSources(targets, existsSync);
  if (sources.length === 0) throw new Error('apt has no mirror of Debian or Ubuntu configured');

  for (const part of ['lists/partial', 'cache/archives/partial', 'deb', 'root']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'apt.conf'), privateSettings(settings, folder));
  const env = { APT_CONFIG: join(folder, 'apt.conf') };
  const failures: string[] = [];
  for (const source of sources) {
    writeFileSync(join(folder, 'sources.list'), source + '\n');
    try {
      log('reading the package list (10 MB)');
      await apt('apt-get', ['update', '-q', '--error-on=any'], env, folder);
      log('downloading the package (5 MB)');
      await apt('apt-get', ['download', '-q', 'nats-server'], env, join(folder, 'deb'));
      return await unpack(folder);
    } catch (error) {
      failures.push((error as Error).message.trim());
    }
  }
  throw new Error(failures.join('; '));
}

/** One sources.list line per mirror, from `ORIGIN URI` lines. Security mirrors carry no other suites. */
export function newerSources(targets: string, keyringExists: (path: string) => boolean): string[] {
  const lines = targets.split('\n').flatMap((line) => {
    const [origin = '', uri = ''] = line.trim().split(' ');
    const newer = newerSuites[origin];
    if (!newer || !uri || /security/.test(uri)) return [];
    const signedBy = keyringExists(newer.keyring) ? `[signed-by=${newer.keyring}] ` : '';
    return [`deb ${signedBy}${uri} ${newer.suite} ${newer.component}`];
  });
  return [...new Set(lines)];
}

/**
 * The machine's apt settings (proxies and transports are in there) with our folders, and without the hooks: those are for the
 * machine's own updates and fail without root.
 */
export function privateSettings(dump: string, folder: string): string {
  const kept = dump
    .split('\n')
    .filter((line) => line && !/^(Dir::(State::lists|Cache|Etc)|APT::Update::P|DPkg::P|APT::Sandbox|Acquire::Languages)/i.test(line));
  const own: Record<string, string> = {
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::trusted': '/etc/apt/trusted.gpg',
    'Dir::Etc::trustedparts': '/etc/apt/trusted.gpg.d',
    'Dir::Etc::netrc': '/etc/apt/auth.conf',
    'Dir::Etc::netrcparts': '/etc/apt/auth.conf.d',
    'Acquire::Languages': 'none',
  };
  // apt as root downloads as the user _apt, who cannot enter our folder.
  if (process.getuid?.() === 0) own['APT::Sandbox::User'] = 'root';
  return [...kept, ...Object.entries(own).map(([name, value]) => `${name} "${value}";`)].join('\n') + '\n';
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

async function apt(command: string, args: string[], env: Record<string, string> = {}, cwd = '/'): Promise<string> {
  try {
    const { stdout } = await run(command, args, {
      env: { ...process.env, LC_ALL: 'C', ...env },
      cwd,
      timeout: 120_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new Error('there is no apt here');
    throw new Error(stderr?.trim().split('\n').slice(-3).join(' ') || message);
  }
}
