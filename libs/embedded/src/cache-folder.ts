import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where fetched programs are kept: outside the checkout, as `npm ci` empties node_modules. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'heliograph');
}
