import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mirror } from './apt.ts';
import { findNatsServer, isNewEnough } from './nats-binary.ts';
import type { NatsSource } from './nats-binary.ts';
import { newerSources } from './nats-from-distribution.ts';
import { fetchFromVendor } from './nats-from-vendor.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-nats-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stand-in that answers --version like the real one. */
function program(name: string, version: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  return path;
}

const fetches = (version: string): NatsSource => ({
  name: 'a source that works',
  fetch: (into) => {
    const path = join(into, 'nats-server');
    writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
    return Promise.resolve(path);
  },
});
const offline: NatsSource = { name: 'a source out of reach', fetch: () => Promise.reject(new Error('no route to host')) };
const find = (env: NodeJS.ProcessEnv, sources: NatsSource[] = []) =>
  findNatsServer({ cacheDir: join(folder, 'cache'), env: { PATH: '', ...env }, sources });

describe('finding nats-server', () => {
  test.each([
    ['2.14.7', true],
    ['2.14.6', false],
    ['2.9.25', false],
    ['2.15.0-RC.1', true],
    ['3.0.0', true],
    ['2.14.10', true],
  ])('version %s is new enough: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });

  test('an explicit path wins over everything', async () => {
    program('bin/nats-server', '2.16.0');
    const path = program('mine', '2.15.1');
    expect(await find({ HELIOGRAPH_NATS_SERVER: path, PATH: join(folder, 'bin') })).toEqual({ path, version: '2.15.1' });
  });

  test('an explicit path that is too old or missing is an error that names it, not a reason to take another', async () => {
    const path = program('mine', '2.9.0');
    await expect(find({ HELIOGRAPH_NATS_SERVER: path }, [fetches('2.15.1')])).rejects.toThrow(
      /mine, nats-server 2\.9\.0; 2\.14\.7 or newer/,
    );
    await expect(find({ HELIOGRAPH_NATS_SERVER: '/nowhere/nats-server' }, [fetches('2.15.1')])).rejects.toThrow(/\/nowhere\/nats-server/);
  });

  test('one on PATH is taken when new enough and passed over when not', async () => {
    program('old/nats-server', '2.9.0');
    const path = program('new/nats-server', '2.15.0');
    expect(await find({ PATH: `${join(folder, 'old')}:${join(folder, 'new')}` })).toEqual({ path, version: '2.15.0' });
  });

  test('without one it is fetched once, from the first source that works, and kept', async () => {
    const fetched = await find({}, [offline, fetches('2.15.1')]);
    expect(fetched.version).toBe('2.15.1');
    expect(await find({}, [offline])).toEqual(fetched);
    expect(readdirSync(join(folder, 'cache'))).toHaveLength(1);
  });

  test('two starts at once both get it', async () => {
    const [one, other] = await Promise.all([find({}, [fetches('2.15.1')]), find({}, [fetches('2.15.1')])]);
    expect(one).toEqual(other);
    expect(existsSync(one.path)).toBe(true);
  });

  test('with no way left the error says what was tried and what to do', async () => {
    const failure = find({}, [offline, fetches('2.2.0')]);
    await expect(failure).rejects.toThrow(/no route to host/);
    await expect(failure).rejects.toThrow(/nats-server 2\.2\.0; 2\.14\.7 or newer is needed/);
    await expect(failure).rejects.toThrow(/HELIOGRAPH_NATS_SERVER=/);
    expect(readdirSync(join(folder, 'cache'))).toEqual([]);
  });
});

describe("the vendor's archive", () => {
  async function served<T>(use: (baseUrl: string, sha256: string) => Promise<T>): Promise<T> {
    program('nats-server-v2.15.1-linux-amd64/nats-server', '2.15.1');
    execFileSync('tar', ['-czf', 'archive.tgz', 'nats-server-v2.15.1-linux-amd64'], { cwd: folder });
    const archive = readFileSync(join(folder, 'archive.tgz'));
    const server = createServer((request, response) => {
      if (request.url === '/v2.15.1/nats-server-v2.15.1-linux-amd64.tar.gz') response.end(archive);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, createHash('sha256').update(archive).digest('hex'));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('with the pinned checksum is unpacked', async () => {
    const into = join(folder, 'into');
    mkdirSync(into);
    const path = await served((baseUrl, sha256) =>
      fetchFromVendor(into, { baseUrl, checksums: { 'linux-amd64': sha256 }, platform: 'linux-amd64' }),
    );
    expect(execFileSync(path, ['--version'], { encoding: 'utf8' })).toBe('nats-server: v2.15.1\n');
  });

  test('with another checksum is refused', async () => {
    const fetching = served((baseUrl) =>
      fetchFromVendor(folder, { baseUrl, checksums: { 'linux-amd64': '00ff' }, platform: 'linux-amd64' }),
    );
    await expect(fetching).rejects.toThrow(/not the pinned 00ff/);
  });

  test('for a platform without a pinned checksum is not even asked for', async () => {
    const fetching = fetchFromVendor(folder, { baseUrl: 'http://127.0.0.1:1', checksums: {}, platform: 'plan9-amd64' });
    await expect(fetching).rejects.toThrow(/no checksum .* is pinned for plan9-amd64/);
  });

  test('that is missing says how the server answered', async () => {
    const fetching = served((baseUrl) => fetchFromVendor(folder, { baseUrl, checksums: { 'linux-s390x': '00' }, platform: 'linux-s390x' }));
    await expect(fetching).rejects.toThrow(/HTTP 404/);
  });
});

describe("the distribution's newer suite", () => {
  test("is asked of the machine's own mirrors, each once, without the security ones", () => {
    const targets = [
      'Debian http://mirror.test/debian/',
      'Debian http://mirror.test/debian/',
      'Debian http://mirror.test/debian-security/',
      'Other http://packages.test/',
      '',
    ];
    expect(newerSources(targets.join('\n'), [], () => true)).toEqual([
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.test/debian/ forky main',
    ]);
  });

  test("relies on apt's trusted keys where the keyring file is elsewhere", () => {
    expect(newerSources('Ubuntu http://mirror.test/ubuntu/\n', [], () => false)).toEqual(['deb http://mirror.test/ubuntu/ devel universe']);
  });

  test('without package lists, as in a fresh image, is asked of the configured mirrors, each once, without the security ones', () => {
    const configured: Mirror[] = [
      { origin: 'Debian', uri: 'http://mirror.test/debian', suite: 'bookworm' },
      { origin: 'Debian', uri: 'http://mirror.test/debian', suite: 'bookworm-updates' },
      { origin: 'Debian', uri: 'http://mirror.test/debian-security', suite: 'bookworm-security' },
      { origin: 'Ubuntu', uri: 'http://archive.test/ubuntu', suite: 'noble' },
    ];
    const expected = ['deb http://mirror.test/debian forky main', 'deb http://archive.test/ubuntu devel universe'];
    expect(newerSources('', configured, () => false)).toEqual(expected);
    expect(newerSources('Other http://packages.test/\n', configured, () => false)).toEqual(expected);
  });

  test('is asked of the configured mirrors only when apt names none', () => {
    const configured: Mirror[] = [{ origin: 'Debian', uri: 'http://unused.test/debian', suite: 'sid' }];
    expect(newerSources('Debian http://mirror.test/debian/\n', configured, () => false)).toEqual([
      'deb http://mirror.test/debian/ forky main',
    ]);
  });
});
