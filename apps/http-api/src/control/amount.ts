import { microCreditsPerCredit } from '@heliograph/message';
import { z } from 'zod';

/** `1.5` is `1500000n`. Texts, as JSON's numbers are floats. `wholeDigitsMax`: so many digits may stand before the point. */
export function creditsGiven(wholeDigitsMax: number) {
  return z
    .string()
    .regex(
      new RegExp(`^[0-9]{1,${wholeDigitsMax}}(\\.[0-9]{1,6})?$`),
      `must be a decimal number in a text, of at most ${wholeDigitsMax} digits and six places`,
    );
}

/** The same, perhaps with a minus sign. */
export function signedCreditsGiven(wholeDigitsMax: number) {
  return z
    .string()
    .regex(
      new RegExp(`^-?[0-9]{1,${wholeDigitsMax}}(\\.[0-9]{1,6})?$`),
      `must be a decimal number in a text, of at most ${wholeDigitsMax} digits and six places, with a minus sign or without`,
    );
}

/** The ledger takes amounts below 10^16 micro-credits. */
export const creditsDigitsMax = 10;

/** Of what `creditsGiven` or `signedCreditsGiven` has checked. */
export function microCreditsOf(text: string): bigint {
  const [whole = '', places = ''] = text.replace('-', '').split('.');
  const amount = BigInt(whole) * microCreditsPerCredit + BigInt(places.padEnd(6, '0'));
  return text.startsWith('-') ? -amount : amount;
}
