import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own, in memory, that can be filled to its last octet. */
export interface SmallDisk {
  fill(): void;
  /** Makes all the room again that `fill` took. */
  free(): void;
  unmount(): void;
}

/** Why none can be had here; undefined: it can. */
export function noSmallDisk(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'needs root: a file system is mounted';
}

/** `mebibytes`: its whole size. Rejects when it cannot be mounted. */
export function mountSmallDisk(folder: string, mebibytes: number): SmallDisk {
  // others may pass, as in a data folder: PostgreSQL runs as another user inside
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0711`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  return {
    fill: () => fill(ballast),
    free: () => rmSync(ballast, { force: true }),
    unmount: () => void execFileSync('umount', ['--lazy', folder]),
  };
}

/** In smaller and smaller pieces, until not one octet more fits. */
function fill(file: string): void {
  const descriptor = openSync(file, 'a');
  try {
    for (let octets = 1 << 20; octets > 0; octets >>= 1) while (isWritten(descriptor, octets));
  } finally {
    closeSync(descriptor);
  }
}

function isWritten(descriptor: number, octets: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(octets)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
}
