import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const version = '2.15.1';
const releases = 'https://github.com/nats-io/nats-server/releases/download';

/**
 * SHA-256 of `nats-server-v2.15.1-<platform>.tar.gz`, by platform. Only what a maintainer has downloaded and checked against the vendor's signed
 * list goes in here: a checksum fetched from where the archive comes from proves nothing. A platform without one is not downloaded.
 */
const checksums: Record<string, string> = {};

const architectures: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm7',
  ia32: '386',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

export interface VendorRelease {
  /** Folder of the releases; `/v<version>/<archive>` is appended. */
  baseUrl: string;
  checksums: Record<string, string>;
  platform: string;
}

const defaultRelease: VendorRelease = {
  baseUrl: releases,
  checksums,
  platform: `${process.platform}-${architectures[process.arch] ?? process.arch}`,
};

/** Downloads and unpacks the vendor's archive if its checksum is the pinned one; returns the program's path. Throws saying why not. */
export async function fetchFromVendor(
  folder: string,
  { baseUrl, checksums: pinned, platform }: VendorRelease = defaultRelease,
): Promise<string> {
  const expected = pinned[platform];
  if (!expected) throw new Error(`no checksum of nats-server ${version} is pinned for ${platform}, and an unchecked program is not run`);
  const name = `nats-server-v${version}-${platform}`;
  const response = await fetch(`${baseUrl}/v${version}/${name}.tar.gz`, { signal: AbortSignal.timeout(120_000) });
  if (!response.ok) throw new Error(`the download answered HTTP ${response.status}`);
  const archive = Buffer.from(await response.arrayBuffer());
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`the archive's SHA-256 is ${actual}, not the pinned ${expected}`);
  const file = join(folder, 'archive.tar.gz');
  writeFileSync(file, archive);
  await run('tar', ['-xzf', file, '-C', folder]);
  return join(folder, name, 'nats-server');
}
