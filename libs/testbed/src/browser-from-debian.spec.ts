import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { programName, writeProgram } from './browser-from-debian.ts';

describe('the unpacked program', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'heliograph browser-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function put(path: string, content = ''): void {
    const file = join(folder, 'made/root', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o755 });
  }

  test('finds its libraries and fonts also after the folder was moved, and hands its arguments on', () => {
    put('usr/lib/chromium/chromium', '#!/bin/sh\necho "$LD_LIBRARY_PATH|$FONTCONFIG_FILE|$1"\n');
    put('usr/lib/chromium/libEGL.so');
    put('usr/lib/x86_64-linux-gnu/libnss3.so');
    put('usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so');
    put('usr/lib/x86_64-linux-gnu/gconv/UTF-16.so');
    put('lib/x86_64-linux-gnu/libdbus-1.so.3');
    writeProgram(join(folder, 'made'));
    const here = join(folder, 'moved');
    renameSync(join(folder, 'made'), here);
    const output = execFileSync(join(here, programName), ['an argument'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    const libraries = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/pulseaudio'];
    expect(output.trim()).toBe(
      [libraries.map((path) => join(here, 'root', path)).join(':'), join(here, 'fonts.conf'), 'an argument'].join('|'),
    );
  });

  test('on a machine that has all libraries keeps the path it is given', () => {
    put('usr/lib/chromium/chromium', '#!/bin/sh\necho "$LD_LIBRARY_PATH"\n');
    writeProgram(join(folder, 'made'));
    const env = { PATH: process.env['PATH'], LD_LIBRARY_PATH: '/opt/lib' };
    expect(execFileSync(join(folder, 'made', programName), { encoding: 'utf8', env }).trim()).toBe('/opt/lib');
  });
});
