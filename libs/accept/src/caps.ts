import type { Guards } from '@heliograph/registry';

/**
 * Under which destination caps a message is, as one text: every prefix of them that fits its number, in order. Empty: under none. Credit for it
 * comes from leases that were granted for exactly these caps, so that a cap is held where leases are granted, once for all processes. Pure.
 */
export function capScopeOf(digits: string, { cappedPrefixes }: Pick<Guards, 'cappedPrefixes'>): string {
  if (cappedPrefixes.length === 0) return '';
  return cappedPrefixes.filter((prefix) => digits.startsWith(prefix)).join(separator);
}

export function prefixesOf(scope: string): readonly string[] {
  return scope === '' ? [] : scope.split(separator);
}

const separator = ',';

/** `prefix`: of the cap that is reached; empty: that of everything. */
export function cappedDetail(prefix: string): string {
  const what = prefix === '' ? 'what may be spent in a day' : `what may be spent in a day on numbers that begin with +${prefix}`;
  return `${what} (UTC) does not cover this message any more`;
}
