import { hash, randomBytes } from 'node:crypto';
import { equalInConstantTime } from './constant-time.ts';

export type ApiKey = {
  /** 64 lower-case hex characters (32 random bytes). Shown once, never stored. */
  key: string;
  /** First 12 hex characters of the digest (48 bits), stored in clear to find the row; also what logs may name. */
  lookupId: string;
  /** SHA-256 of the key's text, hex. A random 256-bit key needs no slow hash: there is nothing to guess. */
  digest: string;
};

const wellFormedKey = /^[0-9a-f]{64}$/;
const lookupIdLength = 12;

export function newApiKey(): ApiKey {
  const key = randomBytes(32).toString('hex');
  const digest = digestApiKey(key);
  return { key, lookupId: digest.slice(0, lookupIdLength), digest };
}

/** SHA-256 of the key's text, 64 lower-case hex characters. */
export function digestApiKey(key: string): string {
  return hash('sha256', key);
}

/**
 * What a presented key is looked up by and compared with, hashed once; undefined when it is not a key at all, so that no query is spent on it.
 */
export function readApiKey(key: string): Pick<ApiKey, 'lookupId' | 'digest'> | undefined {
  if (!wellFormedKey.test(key)) return undefined;
  const digest = digestApiKey(key);
  return { lookupId: digest.slice(0, lookupIdLength), digest };
}

/** The lookup id of a presented key; undefined when it is not a key at all. */
export function lookupIdOf(key: string): string | undefined {
  return readApiKey(key)?.lookupId;
}

/** Whether two digests of keys are the same, in constant time; false for a malformed one. */
export function matchesDigest(given: string, stored: string): boolean {
  const [one, other] = [octetsOf(given), octetsOf(stored)];
  return one !== undefined && other !== undefined && equalInConstantTime(one, other);
}

/** Of a digest in hex; undefined when it is none: Buffer stops at what is no digit. */
function octetsOf(digest: string): Buffer | undefined {
  const octets = Buffer.from(digest, 'hex');
  return digest.length === 64 && octets.length === 32 ? octets : undefined;
}

/** Whether the key has this digest, in constant time; false for a malformed key or digest. */
export function matchesApiKey(key: string, digest: string): boolean {
  return wellFormedKey.test(key) && matchesDigest(digestApiKey(key), digest);
}
