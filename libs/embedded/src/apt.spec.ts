import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apt, configuredMirrors, mirrorsIn, privateSettings } from './apt.ts';

describe("apt's private settings", () => {
  test("keeps the machine's settings but not its folders and hooks", () => {
    const dump = [
      'Acquire::http::Proxy "http://proxy.test:3128";',
      'APT::Update::Post-Invoke:: "rm -f /x";',
      'DPkg::Post-Invoke:: "y";',
      'Dir::Cache "var/cache/apt";',
      '',
    ];
    const lines = privateSettings(dump.join('\n'), '/private').split('\n');
    expect(lines).toContain('Acquire::http::Proxy "http://proxy.test:3128";');
    expect(lines).toContain('Dir::Cache "/private/cache";');
    expect(lines.filter((line) => /Invoke|"var\/cache/.test(line))).toEqual([]);
  });
});

describe("one of apt's programs", () => {
  test('that fails rejects with the end of what it said', async () => {
    await expect(apt('sh', ['-c', 'printf "1\\n2\\n3\\n4\\n" >&2; exit 100'])).rejects.toThrow(/^2 3 4$/);
  });

  test('that does not exist: there is no apt', async () => {
    await expect(apt('/nowhere/apt-get', ['update'])).rejects.toThrow('there is no apt here');
  });
});

describe("the distribution's mirrors among apt's sources", () => {
  test.each([
    ['deb http://mirror.test/debian bookworm main contrib # ours', ['Debian http://mirror.test/debian bookworm']],
    [
      'deb [arch=amd64] http://mirror.test/debian-security/ bookworm-security main',
      ['Debian http://mirror.test/debian-security/ bookworm-security'],
    ],
    ['deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://proxy.test/os sid main', ['Debian http://proxy.test/os sid']],
    ['deb [signed-by=/etc/apt/keyrings/docker.asc] http://docker.test/linux/debian bookworm stable', []],
    ['deb [signed-by=/etc/apt/keyrings/x.gpg] http://x.test/debian bookworm main', []],
    ['deb http://packages.test/apt cloud-sdk-bookworm main', []],
    ['deb http://archive.test/ubuntu/ jammy main restricted', []],
    ['deb http://archive.test/ubuntu/ jammy universe', ['Ubuntu http://archive.test/ubuntu/ jammy']],
    ['deb [arch=arm64] http://ports.test/ubuntu-ports noble main universe', ['Ubuntu http://ports.test/ubuntu-ports noble']],
    ['deb https://ppa.test/someone/tools/ubuntu jammy main', []],
    ['deb-src http://mirror.test/debian bookworm main', []],
    ['# deb http://mirror.test/debian bookworm main', []],
    ['', []],
  ])('in one line: %s', (line, expected) => {
    expect(mirrorsIn(line, false).map(({ origin, uri, suite }) => `${origin} ${uri} ${suite}`)).toEqual(expected);
  });

  test('in deb822: every suite of every address; what is off, of others, or sources only, is left out', () => {
    const text = [
      'Types: deb deb-src',
      '# a snapshot',
      'URIs: http://mirror.test/debian',
      'Suites: bookworm',
      ' bookworm-updates',
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
      'Types: deb',
      'URIs: mirror+file:///etc/apt/mirrors/debian-security.list',
      'Suites: bookworm-security',
      'Components: main',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.test/debian',
      'Suites: sid',
      'Components: main',
      '',
      'Types: deb',
      'URIs: https://node.test/debian',
      'Suites: nodistro',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' mQINBF',
      '',
      'Types: deb-src',
      'URIs: http://source.test/debian',
      'Suites: sid',
      'Components: main',
    ].join('\n');
    expect(mirrorsIn(text, true).map(({ origin, uri, suite }) => `${origin} ${uri} ${suite}`)).toEqual([
      'Debian http://mirror.test/debian bookworm',
      'Debian http://mirror.test/debian bookworm-updates',
      'Debian mirror+file:///etc/apt/mirrors/debian-security.list bookworm-security',
    ]);
  });

  test("in deb822: Ubuntu's own, and not what else is signed for Ubuntu", () => {
    const stanza = (uri: string, components: string, keyring: string) =>
      ['Types: deb', `URIs: ${uri}`, 'Suites: noble noble-updates', `Components: ${components}`, `Signed-By: ${keyring}`, ''].join('\n');
    const text = [
      stanza('http://proxy.test/os/', 'main universe restricted multiverse', '/usr/share/keyrings/ubuntu-archive-keyring.gpg'),
      stanza('https://esm.test/apps/ubuntu', 'main', '/usr/share/keyrings/ubuntu-pro-esm-apps.gpg'),
      stanza('https://tools.test/ubuntu', 'universe', '/etc/apt/keyrings/tools.gpg'),
    ].join('\n');
    expect(mirrorsIn(text, true)).toEqual([
      { origin: 'Ubuntu', uri: 'http://proxy.test/os/', suite: 'noble' },
      { origin: 'Ubuntu', uri: 'http://proxy.test/os/', suite: 'noble-updates' },
    ]);
  });

  describe('in files', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'heliograph-apt-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    test('are read from sources.list and from the folder beside it, each in its own format; others are passed over', () => {
      const parts = join(folder, 'sources.list.d');
      mkdirSync(parts);
      writeFileSync(join(folder, 'sources.list'), 'deb http://one.test/debian sid main\n');
      writeFileSync(join(parts, 'a.list'), 'deb http://two.test/debian sid main\n');
      writeFileSync(join(parts, 'b.sources'), 'Types: deb\nURIs: http://three.test/debian\nSuites: sid\nComponents: main\n');
      writeFileSync(join(parts, 'c.list.disabled'), 'deb http://off.test/debian sid main\n');
      const found = configuredMirrors(folder).map(({ uri }) => uri);
      expect(found.sort()).toEqual(['http://one.test/debian', 'http://three.test/debian', 'http://two.test/debian']);
    });

    test('that are not there: none', () => {
      expect(configuredMirrors(folder)).toEqual([]);
    });
  });
});
