import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';
import { fetchFromDistribution } from './nats-from-distribution.ts';
import { fetchFromVendor } from './nats-from-vendor.ts';

const run = promisify(execFile);

/** The first release with all that libs/queue relies on. Distributions' stable suites are far behind. */
export const natsVersionMin = '2.14.7';

export interface NatsBinary {
  path: string;
  version: string;
}

export interface NatsSearch {
  /** Where a fetched one is kept; `cacheFolder` by default. */
  cacheDir?: string;
  log?: (line: string) => void;
  env?: NodeJS.ProcessEnv;
  /** Ways to fetch one, tried in order: each puts the program into the folder and returns its path, or throws saying why not. */
  sources?: NatsSource[];
}

export interface NatsSource {
  name: string;
  fetch(folder: string, log: (line: string) => void): Promise<string>;
}

const defaultSources: NatsSource[] = [
  { name: "the vendor's release archive", fetch: (folder) => fetchFromVendor(folder) },
  { name: "the distribution's newer suite", fetch: fetchFromDistribution },
];

/**
 * A nats-server that is new enough: HELIOGRAPH_NATS_SERVER (then nothing else is tried), PATH, the cache, or fetched into the cache.
 * Rejects with what was tried and what to do.
 */
export async function findNatsServer(search: NatsSearch = {}): Promise<NatsBinary> {
  const { env = process.env, log = () => undefined, sources = defaultSources } = search;
  const explicit = env['HELIOGRAPH_NATS_SERVER'];
  if (explicit) return requireNewEnough(explicit, 'HELIOGRAPH_NATS_SERVER');

  const cacheDir = search.cacheDir ?? cacheFolder(env);
  const cached = join(cacheDir, `nats-server-${process.platform}-${process.arch}`);
  const onPath = (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'));
  for (const path of [...onPath, cached]) {
    const version = existsSync(path) ? await versionOf(path) : undefined;
    if (version && isNewEnough(version)) return { path, version };
  }
  return fetchInto(cached, { cacheDir, sources, log });
}

/** Releases, not pre-releases: `2.15.0-RC.1` counts as 2.15.0. */
export function isNewEnough(version: string, minimum = natsVersionMin): boolean {
  const [found, wanted] = [version, minimum].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (let i = 0; i < 3; i++) {
    const difference = (found?.[i] ?? 0) - (wanted?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function requireNewEnough(path: string, source: string): Promise<NatsBinary> {
  const version = await versionOf(path);
  if (!version) throw new Error(`${source} is ${path}, which does not run as a nats-server`);
  if (!isNewEnough(version)) throw new Error(`${source} is ${path}, nats-server ${version}; ${natsVersionMin} or newer is needed`);
  return { path, version };
}

async function fetchInto(
  target: string,
  { cacheDir, sources, log }: { cacheDir: string; sources: NatsSource[]; log: (line: string) => void },
): Promise<NatsBinary> {
  const reasons: string[] = [];
  mkdirSync(cacheDir, { recursive: true });
  for (const source of sources) {
    // Its own folder and a rename at the end: two starts at once each fetch, the later one replaces the same with the same.
    const folder = mkdtempSync(join(cacheDir, '.fetch-'));
    try {
      log(`nats-server: trying ${source.name}`);
      const fetched = await source.fetch(folder, log);
      const { version } = await requireNewEnough(fetched, source.name);
      const ready = join(folder, 'ready');
      copyFileSync(fetched, ready);
      chmodSync(ready, 0o755);
      renameSync(ready, target);
      return { path: target, version };
    } catch (error) {
      reasons.push(`- ${source.name}: ${(error as Error).message.trim()}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new Error(
    [
      `No nats-server ${natsVersionMin} or newer was found on PATH or in ${cacheDir}, and none could be fetched:`,
      ...reasons,
      `Install one (docs.nats.io, "Installing a NATS Server") and put it on PATH, or name it with HELIOGRAPH_NATS_SERVER=/path/to/nats-server,`,
      `or set NATS_URL to use a server that runs already (with JetStream).`,
    ].join('\n'),
  );
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
    return /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
