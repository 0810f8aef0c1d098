import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Keeps secrets that must be given back in clear: a provider's password, a webhook's secret. */
export type Vault = {
  /** Text form `v1.<base64url>`. The context (table and row, say) is bound to it: a sealed secret moved elsewhere does not open. */
  seal(text: string, context: string): string;
  /** Undefined when the text was not sealed by this vault for this context, or was altered. */
  open(sealed: string, context: string): string | undefined;
};

const masterKeyOctets = 32;
const nonceOctets = 12;
const tagOctets = 16;
const algorithm = 'aes-256-gcm';
const version = 'v1';

/**
 * AES-256-GCM under a key derived from the master key. Nonces are random: 96 bits are safe for 2^32 seals of one key (NIST SP 800-38D §8.3),
 * far more than there are credentials. Throws RangeError unless the master key has 32 octets.
 */
export function createVault(masterKey: Uint8Array): Vault {
  const key = derive(masterKey, 'heliograph vault v1', 32);
  return {
    seal(text, context) {
      const nonce = randomBytes(nonceOctets);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(context));
      const octets = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${octets.toString('base64url')}`;
    },
    open(sealed, context) {
      const match = /^v1\.([A-Za-z0-9_-]+)$/.exec(sealed);
      const octets = Buffer.from(match?.[1] ?? '', 'base64url');
      if (octets.length < nonceOctets + tagOctets) return undefined;
      const decipher = createDecipheriv(algorithm, key, octets.subarray(0, nonceOctets), { authTagLength: tagOctets })
        .setAAD(Buffer.from(context))
        .setAuthTag(octets.subarray(-tagOctets));
      const text = decipher.update(octets.subarray(nonceOctets, -tagOctets));
      try {
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        // final() throws for one reason only: the tag does not fit.
        return undefined;
      }
    },
  };
}

/**
 * A secret that is always the same for a master key and label, so that it need not be stored (the demo's credentials). HKDF-SHA256, RFC 5869.
 * `octets` 1 to 8160. Throws RangeError unless the master key has 32 octets.
 */
export function deriveSecret(masterKey: Uint8Array, label: string, octets: number, encoding: 'hex' | 'base64url' = 'base64url'): string {
  return derive(masterKey, `heliograph secret v1 ${label}`, octets).toString(encoding);
}

function derive(masterKey: Uint8Array, info: string, octets: number): Buffer {
  if (masterKey.length !== masterKeyOctets)
    throw new RangeError(`the master key must have ${masterKeyOctets} octets, not ${masterKey.length}`);
  return Buffer.from(hkdfSync('sha256', masterKey, '', info, octets));
}
