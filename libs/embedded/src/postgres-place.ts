import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canEnter } from './postgres-account.ts';
import type { Account } from './postgres-account.ts';

/**
 * Where the cluster lies. Normally inside the data folder. Root's PostgreSQL runs as another user, who cannot pass folders such as
 * /root or a mkdtemp (both 0700); then it lies outside, and a file in the data folder says where.
 */
const pointerName = 'cluster.location';
const clusterName = 'cluster';
const ownerName = 'belongs-to';

/** The cluster of an earlier start, or undefined. */
export function existingCluster(dataDir: string): string | undefined {
  const pointer = join(dataDir, pointerName);
  const dir = existsSync(pointer) ? join(readFileSync(pointer, 'utf8').trim(), clusterName) : join(dataDir, clusterName);
  return existsSync(join(dir, 'PG_VERSION')) ? dir : undefined;
}

/** Chooses the place for a new cluster and prepares the folder around it. */
export function placeCluster(dataDir: string, account: Account | undefined): string {
  if (!account || canEnter(account, dataDir)) return join(dataDir, clusterName);
  const place = join(outsideFolder(account), createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16));
  // Something there means that our data folder was deleted and made anew: its password is gone, so the data is too.
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { mode: 0o700 });
  chownSync(place, account.uid, account.gid);
  writeFileSync(join(place, ownerName), realpathSync(dataDir));
  writeFileSync(join(dataDir, pointerName), place);
  return join(place, clusterName);
}

/** Deletes the cluster, wherever it lies. */
export function removeCluster(dataDir: string): void {
  const pointer = join(dataDir, pointerName);
  if (existsSync(pointer)) rmSync(readFileSync(pointer, 'utf8').trim(), { recursive: true, force: true });
  rmSync(pointer, { force: true });
  rmSync(join(dataDir, clusterName), { recursive: true, force: true });
}

/** A folder that the account can pass through, for what must lie outside the data folder. Root's alone to write. */
export function outsideFolder(account: Account): string {
  const candidates = ['/var/lib', '/var/tmp', tmpdir()].map((parent) => join(parent, 'heliograph'));
  for (const folder of candidates) {
    if (!makeOwnFolder(folder) || !canEnter(account, folder)) continue;
    sweep(folder);
    return folder;
  }
  throw new Error(`PostgreSQL cannot run as root, and no folder that its user may enter could be made (tried ${candidates.join(', ')})`);
}

/** In a folder that everybody can write to, someone else may have put a folder or link of that name before us: not ours, not used. */
function makeOwnFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    const made = lstatSync(folder);
    if (!made.isDirectory() || made.uid !== process.getuid?.()) return false;
    chmodSync(folder, 0o755);
    return true;
  } catch {
    return false;
  }
}

/** Clones in temporary folders (CI, tests) go without saying goodbye; what they left outside goes with the next start. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const marker = join(folder, name, ownerName);
    if (!existsSync(marker)) continue;
    const dataDir = readFileSync(marker, 'utf8');
    if (dataDir.startsWith(realpathSync(tmpdir())) && !existsSync(dirname(dataDir)))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}
