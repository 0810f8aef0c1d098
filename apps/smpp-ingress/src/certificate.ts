import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import selfsigned from 'selfsigned';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const validDays = 825;

/**
 * The pair in the folder; made there, self-signed, when it is missing. The key is readable by its owner alone. Processes that share a folder
 * and start together use the pair of whichever is first: a key beside another's certificate would be of no use to any of them.
 */
export async function loadOrMakeCertificate(folder: string): Promise<Certificate> {
  const certFile = join(folder, 'smpp-cert.pem');
  const keyFile = join(folder, 'smpp-key.pem');
  const isThere = (): boolean => existsSync(certFile) && existsSync(keyFile);
  if (!isThere()) await mkdir(folder, { recursive: true, mode: 0o700 });
  while (!isThere()) {
    await alone(join(folder, 'smpp-pair.lock'), async () => {
      if (isThere()) return;
      const made = await makeCertificate();
      await writeWhole(keyFile, made.key);
      await writeWhole(certFile, made.cert);
    });
  }
  return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
}

/** A pair is made in some ten milliseconds: who holds the lock for longer has died. */
const lockMsMax = 10_000;
const lookEveryMs = 20;

/** Does it while no other process does; returns without having done it when another one had the lock. */
async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  try {
    await (await open(lock, 'wx')).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const heldMs = Date.now() - ((await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (heldMs > lockMsMax) await rm(lock, { force: true });
    return void (await pause(lookEveryMs));
  }
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function makeCertificate(): Promise<Certificate> {
  const notAfterDate = new Date(Date.now() + validDays * 24 * 3_600_000);
  const pair = await selfsigned.generate([{ name: 'commonName', value: hostname() }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 2, value: hostname() },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert: pair.cert, key: pair.private };
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
