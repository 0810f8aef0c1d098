import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findBrowser, type BrowserSearch, type BrowserSource } from './browser.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-browser-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stand-in that answers --version like the real one, or says something else and ends with 1. */
function program(path: string, { broken = false } = {}): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, broken ? '#!/bin/sh\necho "install the snap"\nexit 1\n' : '#!/bin/sh\necho "Chromium 156.0"\n', { mode: 0o755 });
  return path;
}

function source(options?: { broken: boolean }): BrowserSource & { readonly fetched: string[] } {
  const fetched: string[] = [];
  return {
    name: 'a source that works',
    fetched,
    fetch: (target) => {
      fetched.push(target);
      return Promise.resolve(program(join(target, 'chromium'), options));
    },
  };
}

const offline: BrowserSource = { name: 'a source out of reach', fetch: () => Promise.reject(new Error('no route to host')) };
const find = (env: NodeJS.ProcessEnv, search: BrowserSearch = {}) =>
  findBrowser({ cacheDir: join(folder, 'cache'), env: { PATH: '', ...env }, sources: [], log: () => undefined, ...search });

describe('finding a Chromium', () => {
  test('CHROMIUM wins over everything', async () => {
    program(join(folder, 'bin/chromium'));
    const mine = program(join(folder, 'mine'));
    expect(await find({ CHROMIUM: mine, PATH: join(folder, 'bin') })).toBe(mine);
  });

  test('CHROMIUM that does not run is an error that names it, not a reason to take another', async () => {
    const works = source();
    await expect(find({ CHROMIUM: '/nowhere/chromium' }, { sources: [works] })).rejects.toThrow('CHROMIUM is /nowhere/chromium');
    expect(works.fetched).toEqual([]);
  });

  test.each(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])('%s on PATH is taken', async (name) => {
    const path = program(join(folder, 'bin', name));
    expect(await find({ PATH: `/nowhere:${join(folder, 'bin')}` })).toBe(path);
  });

  test("one that only says what to install, as Ubuntu's, is passed over", async () => {
    program(join(folder, 'bin/chromium-browser'), { broken: true });
    const path = program(join(folder, 'bin/google-chrome'));
    expect(await find({ PATH: join(folder, 'bin') })).toBe(path);
  });

  test('a folder of that name on PATH is passed over', async () => {
    mkdirSync(join(folder, 'bin/chromium'), { recursive: true });
    await expect(find({ PATH: join(folder, 'bin') })).rejects.toThrow('No Chromium was found');
  });

  test('with no way left the error says what was tried and what to do', async () => {
    const failure = find({ PATH: process.env['PATH'] }, { which: () => undefined, sources: [offline, source({ broken: true })] });
    await expect(failure).rejects.toThrow(/no route to host/);
    await expect(failure).rejects.toThrow(/does not run/);
    await expect(failure).rejects.toThrow(/apt-get install chromium/);
    await expect(failure).rejects.toThrow(/CHROMIUM=/);
  });
});

/** Where flock(1) is: it is what keeps two apart. */
const hidden = () => ({ env: { PATH: process.env['PATH'] }, which: () => undefined });

describe('without one', () => {
  test('it is fetched from the first source that works, and kept', async () => {
    const works = source();
    const { env, which } = hidden();
    const path = await find(env, { which, sources: [offline, works] });
    expect(path).toBe(join(works.fetched[0] as string, 'chromium'));
    expect(await find(env, { which, sources: [offline] })).toBe(path);
    expect(works.fetched).toHaveLength(1);
  });

  test('one in the cache that runs no more is fetched again', async () => {
    const works = source();
    const { env, which } = hidden();
    const path = await find(env, { which, sources: [works] });
    program(path, { broken: true });
    expect(await find(env, { which, sources: [works] })).toBe(path);
    expect(works.fetched).toHaveLength(2);
  });

  test('two at once: one fetches, the other waits for it', async () => {
    const { env, which } = hidden();
    const works = source();
    const found = await Promise.all([1, 2, 3].map(() => find(env, { which, sources: [works] })));
    expect(new Set(found).size).toBe(1);
    expect(works.fetched).toHaveLength(1);
  });

  test('a failure lets the next one try', async () => {
    const { env, which } = hidden();
    await expect(find(env, { which, sources: [offline] })).rejects.toThrow('no route to host');
    expect(await find(env, { which, sources: [source()] })).toContain(folder);
    expect(readdirSync(join(folder, 'cache')).filter((name) => !name.endsWith('.lock'))).toHaveLength(1);
  });
});
