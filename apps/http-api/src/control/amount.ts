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

/** Of what `creditsGiven` has checked. */
export function microCreditsOf(text: string): bigint {
  const [whole = '', places = ''] = text.split('.');
  return BigInt(whole) * microCreditsPerCredit + BigInt(places.padEnd(6, '0'));
}
