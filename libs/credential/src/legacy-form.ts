import { createHash } from 'node:crypto';

/**
 * Unsalted hashes that other products stored: `sha1-utf16le` is Auron's SmppServerUsers.PasswordHash (SHA-1 of the UTF-16LE password),
 * `sha256` that of the UTF-8 password.
 */
export const legacyForms = ['sha1-utf16le', 'sha256'] as const;
export type LegacyForm = (typeof legacyForms)[number];

interface Legacy {
  readonly hexLength: number;
  /** As it goes into argon2id: always of the same case, whatever case was imported. */
  digest(password: string): string;
  normalize(hex: string): string;
}

const legacies: Readonly<Record<LegacyForm, Legacy>> = {
  'sha1-utf16le': {
    hexLength: 40,
    digest: (password) => createHash('sha1').update(Buffer.from(password, 'utf16le')).digest('hex').toUpperCase(),
    normalize: (hex) => hex.toUpperCase(),
  },
  sha256: {
    hexLength: 64,
    digest: (password) => createHash('sha256').update(password, 'utf8').digest('hex'),
    normalize: (hex) => hex.toLowerCase(),
  },
};

/** Whether it is a digest of that form, in hex of any case. */
export function isLegacyHex(form: LegacyForm, hex: string): boolean {
  return hex.length === legacies[form].hexLength && /^[0-9a-f]*$/i.test(hex);
}

/** The hash as it is wrapped. */
export function normalizeLegacyHex(form: LegacyForm, hex: string): string {
  return legacies[form].normalize(hex);
}

/** What of a wrapped verifier argon2id compares: undefined for a verifier that is not wrapped. */
export function unwrapLegacy(verifier: string, password: string): { readonly verifier: string; readonly password: string } | undefined {
  const form = legacyForms.find((one) => verifier.startsWith(`${one}$`));
  return form && { verifier: verifier.slice(form.length + 1), password: legacies[form].digest(password) };
}
