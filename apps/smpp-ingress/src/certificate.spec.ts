import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrMakeCertificate } from './certificate.ts';

const root = mkdtempSync(join(tmpdir(), 'certificate-'));
let folder: string;
let folders = 0;
beforeEach(() => {
  folder = join(root, String(folders++), 'tls');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('many that start together have one pair, and it fits', async () => {
  const pairs = await Promise.all(Array.from({ length: 10 }, () => loadOrMakeCertificate(folder)));
  const [first] = pairs as [(typeof pairs)[number]];
  expect(new Set(pairs.map(({ cert, key }) => cert + key)).size).toBe(1);
  expect(new X509Certificate(first.cert).checkPrivateKey(createPrivateKey(first.key))).toBe(true);
  expect(readdirSync(folder).toSorted()).toEqual(['smpp-cert.pem', 'smpp-key.pem']);
  expect(statSync(join(folder, 'smpp-key.pem')).mode & 0o777).toBe(0o600);
  expect(await loadOrMakeCertificate(folder)).toEqual(first);
});

test('what one that died while making it left behind is replaced: its lock, and a key without a certificate', async () => {
  await loadOrMakeCertificate(folder);
  const old = await loadOrMakeCertificate(folder);
  rmSync(join(folder, 'smpp-cert.pem'));
  const lock = join(folder, 'smpp-pair.lock');
  writeFileSync(lock, '');
  utimesSync(lock, 0, 0);
  const made = await loadOrMakeCertificate(folder);
  expect(made.key).not.toBe(old.key);
  expect(new X509Certificate(made.cert).checkPrivateKey(createPrivateKey(made.key))).toBe(true);
});
