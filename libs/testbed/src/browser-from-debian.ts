/**
 * Chromium from Debian's packages: installed where we may, else unpacked into a folder of ours. Only those of Debian's mirrors are asked that
 * this machine already uses.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { apt, configuredMirrors, privateSettings } from '@heliograph/embedded';
import type { BrowserSource } from './browser.ts';

const run = promisify(execFile);

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** 210 MB on a machine that has nothing but Debian's essential packages: just within it at 3 Mbit/s. */
const downloadWaitMs = 600_000;
const libraryPattern = /^lib.*\.so(\.\d+)*$/;

/** In the order in which they are tried. */
export function debianSources(): readonly BrowserSource[] {
  if (process.platform !== 'linux') return [];
  const unpacked = { name: "Debian's packages, unpacked into the cache", fetch: unpackPackages };
  return process.getuid?.() === 0 ? [{ name: 'apt-get install chromium', fetch: installPackages }, unpacked] : [unpacked];
}

/** Installs it for the whole machine; needs root. */
async function installPackages(_target: string, log: (line: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-apt-'));
  try {
    const list = join(folder, 'sources.list');
    writeFileSync(list, sourceLines());
    const options = [
      ...['-q', '-y', '-o', `Dir::Etc::sourcelist=${list}`, '-o', 'Dir::Etc::sourceparts=/dev/null'],
      // the lists of sources that are left out here stay
      ...['-o', 'APT::Get::List-Cleanup=false', '-o', 'DPkg::Lock::Timeout=300'],
    ];
    const ask = (...args: string[]) =>
      apt('apt-get', [...options, ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: downloadWaitMs });
    const install = () => ask('install', '--no-install-recommends', 'chromium');
    log('installing the package chromium');
    // without lists it knows no package, with old ones it asks for versions that are gone
    await install().catch(async () => {
      await ask('update', '--error-on=any');
      await install();
    });
    return '/usr/bin/chromium';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Downloads chromium and what this machine lacks for it, with apt's own signature check. Nothing is installed, no right is needed. */
async function unpackPackages(target: string, log: (line: string) => void): Promise<string> {
  const making = `${target}.new`;
  // left by a start that was killed, whose apt may be writing still
  rmSync(making, { recursive: true, force: true, maxRetries: 5 });
  try {
    for (const part of ['lists/partial', 'cache/archives/partial', 'root']) mkdirSync(join(making, part), { recursive: true });
    writeFileSync(join(making, 'sources.list'), sourceLines());
    writeFileSync(join(making, 'apt.conf'), privateSettings(await apt('apt-config', ['dump']), making));
    const env = { APT_CONFIG: join(making, 'apt.conf') };
    log('reading the package lists (10 MB)');
    await apt('apt-get', ['update', '-q', '--error-on=any'], { env });
    log('downloading chromium and its libraries (80 to 210 MB)');
    await apt('apt-get', ['install', ...downloadOnly, 'chromium', 'chromium-common'], { env, timeoutMs: downloadWaitMs });
    const archives = join(making, 'cache/archives');
    const packages = readdirSync(archives).filter((name) => name.endsWith('.deb'));
    for (const name of packages) await run('dpkg-deb', ['-x', join(archives, name), join(making, 'root')]);
    // the settings may hold a proxy's password
    for (const part of ['lists', 'cache', 'apt.conf', 'sources.list']) rmSync(join(making, part), { recursive: true, force: true });
    writeProgram(making);
    rmSync(target, { recursive: true, force: true });
    renameSync(making, target);
    return join(target, programName);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** Both packages again where dpkg has them: we were sent here because that one does not run. */
const downloadOnly = ['-q', '-y', '--download-only', '--reinstall', '--no-install-recommends', '-o', 'Debug::NoLocking=true'];

export const programName = 'chromium';

/** The folder may be moved: the program finds its libraries and fonts relative to itself. */
export function writeProgram(folder: string): void {
  const libraries = libraryFolders(join(folder, 'root')).map((path) => `$here/${relative(folder, path)}`);
  writeFileSync(join(folder, 'fonts.conf'), fontsConf);
  writeFileSync(
    join(folder, programName),
    [
      '#!/bin/sh',
      'here=$(dirname "$(readlink -f "$0")")',
      // an empty part would mean the current folder
      ...(libraries.length > 0 ? [`export LD_LIBRARY_PATH="${libraries.join(':')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`] : []),
      'export FONTCONFIG_FILE="$here/fonts.conf"',
      'exec "$here/root/usr/lib/chromium/chromium" "$@"',
      '',
    ].join('\n'),
  );
  chmodSync(join(folder, programName), 0o755);
}

/** Some libraries lie in a folder of their package (pulseaudio, nss). Chromium's own are found by chromium. */
function libraryFolders(root: string): string[] {
  const folders = ['lib', 'usr/lib']
    .map((path) => join(root, path))
    .filter(existsSync)
    .flatMap((top) => readdirSync(top, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && libraryPattern.test(entry.name))
    .map((entry) => entry.parentPath);
  return [...new Set(folders)].filter((folder) => folder !== join(root, 'usr/lib/chromium')).sort();
}

/** The machine may have neither fonts nor fontconfig's own file. */
const fontsConf = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">root/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** A sources.list of Debian's mirrors alone. Throws when this machine has none. */
function sourceLines(): string {
  const lines = configuredMirrors()
    .filter(({ origin }) => origin === 'Debian')
    .map(({ uri, suite }) => `deb ${existsSync(keyring) ? `[signed-by=${keyring}] ` : ''}${uri} ${suite} main`);
  if (lines.length === 0) throw new Error('apt has no mirror of Debian configured');
  return [...new Set(lines)].join('\n') + '\n';
}
