import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** The unprivileged user that PostgreSQL runs as. */
export interface Account {
  uid: number;
  gid: number;
}

/** In the order of preference. The first is made for it; the second exists everywhere. */
const accountNames = ['postgres', 'nobody'];

/**
 * PostgreSQL refuses to run as root. So root lends it an existing unprivileged user; nothing about the system's users is changed.
 * Data that already exists keeps its owner. Undefined means: run as ourselves.
 */
export function postgresAccount(clusterDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(clusterDir, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of accountNames) {
    const uid = numericId('-u', name);
    const gid = numericId('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error(
    `PostgreSQL cannot run as root, and neither of the users ${accountNames.join(', ')} exists. Start as an ordinary user instead.`,
  );
}

/** Whether the account can get into `dir` (every folder above it included). Asked of the kernel: modes alone would miss ACLs and mounts. */
export function canEnter(account: Account, dir: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', dir], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

function numericId(option: '-u' | '-g', name: string): number | undefined {
  try {
    return Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}
