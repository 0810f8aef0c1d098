import { parseConfig } from '@heliograph/service';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Settings } from './facts.ts';

/** The file's settings over the environment's: the file is what is asked about. */
export function readSettings(env: Settings, envFile: string | undefined): Settings {
  return envFile === undefined ? env : { ...env, ...parseEnv(readFileSync(envFile, 'utf8')) };
}

/** What each service's schema says of the settings, each error with those that have it. */
export async function settingErrorsOf(settings: Settings, root: string): Promise<string[]> {
  const apps = readdirSync(join(root, 'apps')).filter((app) => existsSync(join(root, 'apps', app, 'src/config.ts')));
  const services = new Map<string, string[]>();
  for (const app of apps.sort()) {
    const { config } = (await import(join(root, 'apps', app, 'src/config.ts'))) as { config: Parameters<typeof parseConfig>[0] };
    const parsed = parseConfig(config, settings);
    if (parsed.ok) continue;
    for (const error of parsed.errors) services.set(error, [...(services.get(error) ?? []), app]);
  }
  return [...services].map(([error, names]) => `${error} (${names.join(', ')})`);
}
