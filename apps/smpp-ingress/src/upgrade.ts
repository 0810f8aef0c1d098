import { hashPassword, needsUpgrade } from '@heliograph/credential';
import type { Queue } from '@heliograph/queue';
import {
  credentialSubjects,
  type Credential,
  type CredentialUpgrade,
  type CredentialUpgraded,
  type GoodSecret,
} from '@heliograph/registry';

/** Answered by http-api, after a write to the registry. */
const askTimeoutMs = 5_000;

/**
 * After a good bind: a verifier of an old form (a hash imported from another product) is made anew from the password, which nobody has at another
 * time. Fails without a word: the next bind tries again.
 */
export function createUpgrade({
  ask,
}: Pick<Queue, 'ask'>): (credential: Credential, secret: GoodSecret, password: string) => Promise<void> {
  // a client binds many sessions at once
  const inWork = new Set<string>();

  return async ({ id, verifier }, secret, password) => {
    // the one before a reset is gone soon
    if (secret.verifier !== verifier || !needsUpgrade(verifier) || inWork.has(id)) return;
    inWork.add(id);
    try {
      const question: CredentialUpgrade = { credential: id, from: verifier, to: await hashPassword(password) };
      await ask<CredentialUpgraded>(credentialSubjects.upgrade, question, askTimeoutMs);
    } finally {
      inWork.delete(id);
    }
  };
}
