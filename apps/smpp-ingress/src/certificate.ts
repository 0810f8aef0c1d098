import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import selfsigned from 'selfsigned';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const validDays = 825;

/** The pair in the folder; made there, self-signed, when it is missing. The key is readable by its owner alone. */
export async function loadOrMakeCertificate(folder: string): Promise<Certificate> {
  const certFile = join(folder, 'smpp-cert.pem');
  const keyFile = join(folder, 'smpp-key.pem');
  if (!existsSync(certFile) || !existsSync(keyFile)) {
    const made = await makeCertificate();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(keyFile, made.key);
    await writeWhole(certFile, made.cert);
  }
  return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
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
