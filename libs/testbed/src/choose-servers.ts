/**
 * Which servers tests run against: containers where a Docker engine answers and has the images or gets them, the embedded ones otherwise.
 * Decided once a test run (jest-setup.ts) and handed to every test process in the environment.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Choice {
  readonly use: 'containers' | 'embedded';
  /** For people, why. */
  readonly why: string;
}

/** Set to one of the two values of `use`, it forces that. */
export const choiceVariable = 'HELIOGRAPH_TEST_SERVERS';

/** A socket on this machine answers in well under a millisecond; an engine elsewhere may be a network away. */
const pingWaitMs = 1_000;
/** PostgreSQL's image is about 150 MB: a minute at 20 Mbit/s, once. */
const imagesWaitMs = 90_000;

/** Takes a few milliseconds without an engine. What is forced is not looked at. Rejects when the environment says something unknown. */
export async function chooseServers(env: NodeJS.ProcessEnv = process.env): Promise<Choice> {
  const forced = env[choiceVariable] ?? '';
  if (forced !== '' && forced !== 'containers' && forced !== 'embedded')
    throw new Error(`${choiceVariable} is ${JSON.stringify(forced)}; it may be containers or embedded`);
  if (forced !== '') return { use: forced, why: `${choiceVariable}=${forced}` };
  const places = enginePlaces(env);
  const engines = await Promise.all(places.map((place) => answers(place, env['DOCKER_TLS_VERIFY'] === '1')));
  if (!engines.includes(true)) return { use: 'embedded', why: 'no Docker engine answers' };
  const refusal = await fetchImages(env);
  return refusal === undefined ? { use: 'containers', why: 'a Docker engine answers' } : { use: 'embedded', why: refusal };
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

/** Where an engine may listen: DOCKER_HOST, which rules out the rest, or the sockets that testcontainers looks at. */
export function enginePlaces(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Place[] {
  const named = env['DOCKER_HOST'];
  if (named) {
    const { protocol, hostname, port, pathname } = new URL(named);
    return protocol === 'unix:' || protocol === 'npipe:' ? [{ path: pathname }] : [{ host: hostname, port: Number(port || 2375) }];
  }
  if (platform === 'win32') return [{ path: '//./pipe/docker_engine' }];
  const sockets = [
    '/var/run/docker.sock',
    ...(env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'docker.sock')] : []),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    `/run/user/${process.getuid?.()}/docker.sock`,
  ];
  return sockets.filter(existsSync).map((path) => ({ path }));
}

/** `GET /_ping` (Docker Engine API); a socket that a stopped engine left behind is refused at once. */
function answers(place: Place, tls: boolean): Promise<boolean> {
  const where = 'path' in place ? { socketPath: place.path } : place;
  return new Promise((resolve) => {
    const request = get({ ...where, path: '/_ping', timeout: pingWaitMs, agent: false }, (response) => {
      response.resume();
      // behind TLS we are told off for plain HTTP, which is an answer too
      resolve(response.statusCode === 200 || tls);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

/** A process of its own, so that a pull that never ends can be ended. Resolves with what stands in the way, or undefined. */
function fetchImages(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const script = join(import.meta.dirname, 'fetch-images.ts');
  const options = { env: { ...env, NODE_OPTIONS: '' }, timeout: imagesWaitMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [script], options, (error, _, stderr) => {
      if (!error) resolve(undefined);
      else if (error.killed) resolve(`the images could not be had within ${imagesWaitMs / 1_000} s`);
      else resolve(stderr.trim().split('\n').at(-1) || error.message);
    });
  });
}
