import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where Node keeps what it compiled: beside what is installed, so that also the first start on a new data folder finds it; in the data folder when what is
 * installed is somebody else's.
 */
export function compileCacheIn(root: string, dataFolder: string): string {
  const installed = join(root, 'node_modules', '.cache', 'heliograph-compile');
  return isOurs(installed) ? installed : join(dataFolder, 'compile-cache');
}

function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
