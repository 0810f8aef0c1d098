import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface AptOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** 2 minutes unless told: the package lists and a small package. */
  readonly timeoutMs?: number;
}

/** Runs one of apt's programs and resolves with what it printed. Rejects with the end of what it complained about. */
export async function apt(command: string, args: string[], { env, cwd = '/', timeoutMs = 120_000 }: AptOptions = {}): Promise<string> {
  try {
    const { stdout } = await run(command, args, {
      env: { ...process.env, LC_ALL: 'C', ...env },
      cwd,
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new Error('there is no apt here');
    throw new Error(stderr?.trim().split('\n').slice(-3).join(' ') || message);
  }
}

/**
 * The machine's apt settings (`apt-config dump`; proxies and transports are in there) with our folders, and without the hooks: those
 * are for the machine's own updates and fail without root. The sources are read from `sources.list` in the folder.
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

export interface Mirror {
  /** As in the mirror's Release file. */
  readonly origin: 'Debian' | 'Ubuntu';
  readonly uri: string;
  readonly suite: string;
}

/** The distribution's own mirrors among the sources of this machine. Unlike apt's index targets they are there before the first update. */
export function configuredMirrors(folder = '/etc/apt'): Mirror[] {
  const parts = join(folder, 'sources.list.d');
  const files = [join(folder, 'sources.list'), ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [])];
  return files
    .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
    .flatMap((file) => mirrorsIn(readFileSync(file, 'utf8'), file.endsWith('.sources')));
}

/**
 * How an entry of the distribution itself is told from one of others, who have keys of their own, or not the distribution's name in their
 * path. PPAs have it there, and a component main, but no universe.
 */
const distributions = [
  { origin: 'Debian', component: 'main', keyring: 'debian-archive', path: /\/debian([-./]|$)/ },
  { origin: 'Ubuntu', component: 'universe', keyring: 'ubuntu-archive', path: /\/ubuntu([-./]|$)/ },
] as const;

/**
 * The distribution's own entries in a file of apt's sources (sources.list(5), one line each or deb822): signed by its keys or by apt's
 * trusted ones.
 */
export function mirrorsIn(text: string, deb822: boolean): Mirror[] {
  const entries = deb822 ? text.split(/\n\s*\n/).map(deb822Entry) : text.split('\n').map(lineEntry);
  return entries
    .filter(({ types }) => types.includes('deb'))
    .flatMap(({ uris, suites, components, signedBy }) =>
      uris.flatMap((uri) => {
        const own = distributions.find(
          ({ component, keyring, path }) => components.includes(component) && (signedBy ? signedBy.includes(keyring) : path.test(uri)),
        );
        return own ? suites.map((suite) => ({ origin: own.origin, uri, suite })) : [];
      }),
    );
}

interface Entry {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string;
}

function lineEntry(line: string): Entry {
  const [, type = '', options = '', uri = '', suite = '', components = ''] =
    /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line) ?? [];
  const signedBy = /signed-by=(\S+)/i.exec(options)?.[1] ?? '';
  return { types: [type], uris: [uri], suites: [suite], components: words(components), signedBy };
}

function deb822Entry(stanza: string): Entry {
  const text = stanza.replace(/^#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ');
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, 'im').exec(text)?.[1]?.trim() ?? '';
  const enabled = field('Enabled') !== 'no';
  return {
    types: enabled ? words(field('Types')) : [],
    uris: words(field('URIs')),
    suites: words(field('Suites')),
    components: words(field('Components')),
    signedBy: field('Signed-By'),
  };
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);
