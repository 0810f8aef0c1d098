import { isLegacyHex, normalizeLegacyHex, type LegacyForm } from './legacy-form.ts';
import { hashPassword } from './password.ts';

/**
 * The verifier to store for an imported hash: `<form>$<argon2id PHC of the hash>`, so that the weak hash itself is at rest nowhere. Undefined when
 * `hex` is no digest of that form.
 */
export async function wrapLegacyVerifier(form: LegacyForm, hex: string): Promise<string | undefined> {
  return isLegacyHex(form, hex) ? `${form}$${await hashPassword(normalizeLegacyHex(form, hex))}` : undefined;
}
