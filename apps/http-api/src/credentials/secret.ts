import { randomBytes } from 'node:crypto';
import { hashPassword, newApiKey, wrapLegacyVerifier } from '@heliograph/credential';
import type { Credential, CredentialKind } from '@heliograph/registry';
import type { NewCredentialBody } from './schema.ts';

export interface MadeSecret {
  /** What the login follows from; undefined: it stays what its owner chose. */
  readonly login?: string;
  readonly verifier: string;
  /** Shown once; null: known to nobody here. */
  readonly secret: string | null;
}

/** A new secret of that kind, and what is stored of it. */
export async function makeSecret(
  kind: CredentialKind,
  { password, legacyVerifier: legacy }: Pick<NewCredentialBody, 'password' | 'legacyVerifier'> = {},
): Promise<MadeSecret> {
  if (kind === 'api_key' || kind === 'sms_user') {
    const { key, lookupId, digest } = newApiKey();
    return { verifier: digest, secret: key, ...(kind === 'api_key' ? { login: lookupId } : {}) };
  }
  const wrapped = legacy && (await wrapLegacyVerifier(legacy.form, legacy.hex));
  if (wrapped !== undefined) return { verifier: wrapped, secret: null };
  const secret = password ?? randomBytes(passwordOctets[kind]).toString('base64url');
  return { verifier: await hashPassword(secret), secret };
}

/** 8 characters of base64url are what SMPP 3.4 §4.1.1 has room for: 48 bits, behind a lockout. 20 for a person: 120 bits. */
const passwordOctets: Readonly<Record<'smpp' | 'person', number>> = { smpp: 6, person: 15 };

/**
 * The credential with its next secret. The one that it had stays good for the grace; one from before that ends. Its time is later than that of
 * the one before in any case, as sessions know their secret by it.
 */
export function withSecret(
  before: Credential,
  { login, verifier }: MadeSecret,
  { graceMs, nowMs }: { graceMs: number; nowMs: number },
): Credential {
  const next = {
    ...before,
    verifier,
    login: login ?? before.login,
    secretSetAt: new Date(Math.max(nowMs, before.secretSetAt.getTime() + 1)),
  };
  if (graceMs === 0) return { ...next, previousLogin: '', previousVerifier: '', previousUntil: null, previousSetAt: null };
  return {
    ...next,
    // only the login of a key follows from the secret
    previousLogin: login === undefined ? '' : before.login,
    previousVerifier: before.verifier,
    previousUntil: new Date(nowMs + graceMs),
    previousSetAt: before.secretSetAt,
  };
}
