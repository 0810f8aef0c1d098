import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import metadata from 'libphonenumber-js/min/metadata';
import type { E164 } from './number.ts';

/** Calling code to the countries that share it, the main one first (ITU-T E.164 Annex to OB; from libphonenumber's metadata). */
const countriesOf: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(metadata.country_calling_codes));

/**
 * ISO 3166 alpha-2 of the number's country. Where countries share a calling code (+1, +7, +44, ...) the number's range decides; a number in no
 * known range is given to the main country of its code (+1 555 ... is US). Undefined for international services (+800, +882, ...) and
 * unassigned codes. Under 100 ns where the calling code suffices, some microseconds where it is shared.
 */
export function countryOf(number: E164): string | undefined {
  const countries = countriesWith(number);
  if (countries === undefined) return undefined;
  const [main] = countries;
  return countries.length === 1 ? main : (parsePhoneNumberFromString(number)?.country ?? main);
}

/** Calling codes have one to three digits and none begins another (E.164 §6.2.1), so the first that fits is the one. */
function countriesWith(number: E164): readonly string[] | undefined {
  for (let digits = 1; digits <= 3; digits++) {
    const countries = countriesOf.get(number.slice(1, 1 + digits));
    if (countries !== undefined) return countries;
  }
  return undefined;
}
