import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

declare const e164Brand: unique symbol;

/** An international number: `+`, then 7 to 15 digits of which the first is not 0 (ITU-T E.164 §6.2.1: at most 15). Only the shape is promised. */
export type E164 = string & { readonly [e164Brand]: true };

export type BadNumber = { ok: false; reason: 'bad_number' };
export type ParsedNumber = { ok: true; number: E164 } | BadNumber;

export type ParseE164Options = {
  /** ISO 3166 alpha-2, upper case. With it, digits without `+` or `00` are read as national numbers of that country. */
  defaultCountry?: string | undefined;
  /** SMPP type of number as given by the tenant (SMPP 3.4 §5.2.5). */
  ton?: number | undefined;
  /** SMPP numbering plan indicator as given by the tenant (SMPP 3.4 §5.2.6). */
  npi?: number | undefined;
};

/** 7 digits is the shortest international number in use (Niue, Saint Helena). */
const digitsMin = 7;
const digitsMax = 15;
/** Room for 15 digits, a prefix and generous punctuation. What is longer is not a number, and is not worth scanning. */
const textMax = 64;

/** ISDN (E.164), national, and unknown. The others (telex, IMSI, IP, ...) do not hold telephone numbers. */
const numberingPlans: ReadonlySet<number> = new Set([0, 1, 8]);

const tonUnknown = 0;
const tonInternational = 1;
const tonNational = 2;
const tonSubscriber = 4;

const bad: BadNumber = Object.freeze({ ok: false, reason: 'bad_number' });

/**
 * Reads a telephone number as people, forms and SMPP clients write it. What passes has the shape of E.164 and, when it was national, a length
 * that its country has ("possible"). It is never checked against number ranges: they age, and a stale table must not refuse a real handset.
 *
 * A leading space before a digit means `+`: that is what an unescaped `+` becomes in a query or form.
 */
export function parseE164(text: string, options?: ParseE164Options): ParsedNumber {
  const { defaultCountry, ton = tonUnknown, npi = 0 } = options ?? {};
  if (!numberingPlans.has(npi)) return bad;
  // Nearly every message takes one of the next two lines: no regular expression, no metadata.
  if (isE164(text)) return { ok: true, number: text };
  const international = ton === tonInternational || (ton === tonUnknown && defaultCountry === undefined);
  if (international && isShaped(text, 0)) return { ok: true, number: ('+' + text) as E164 };

  const compact = withoutPunctuation(text);
  if (compact === undefined) return bad;
  if (compact.startsWith('+')) return shaped(compact);
  // "00" is read as the international prefix everywhere: no country has national numbers that begin so.
  if (compact.startsWith('00')) return shaped('+' + compact.slice(2));
  if (international) return shaped('+' + compact);
  const national = ton === tonUnknown || ton === tonNational || ton === tonSubscriber;
  return national && defaultCountry !== undefined ? nationalNumber(compact, defaultCountry) : bad;
}

/** Whether the text is E.164 already: `+`, 7 to 15 digits, no 0 first. */
export function isE164(text: string): text is E164 {
  return text.charCodeAt(0) === 0x2b && isShaped(text, 1);
}

/** The number for logs: `+15551234567` becomes `+1555***67`. At least four digits are hidden; what has fewer than seven characters is hidden whole. */
export function maskE164(number: string): string {
  const plus = number.startsWith('+') ? '+' : '';
  const digits = number.slice(plus.length);
  if (digits.length < digitsMin) return '***';
  return plus + digits.slice(0, Math.min(4, digits.length - 6)) + '***' + digits.slice(-2);
}

function isShaped(text: string, from: number): boolean {
  const length = text.length - from;
  if (length < digitsMin || length > digitsMax || text.charCodeAt(from) === 0x30) return false;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

function shaped(text: string): ParsedNumber {
  return isE164(text) ? { ok: true, number: text } : bad;
}

/** `+` at most once and in front, then digits; undefined when anything but digits and the usual punctuation is found. */
function withoutPunctuation(text: string): string | undefined {
  if (text.length > textMax) return undefined;
  const signed = /^ [1-9]/.test(text) ? '+' + text.slice(1) : text.trim();
  // "+44 (0)20 ...": the bracketed 0 is for callers inside the country.
  const dialled = signed.startsWith('+') ? signed.replace(/\(0\)/, '') : signed;
  // Spaces (no-break too), hyphens and dashes, brackets, dots and slashes.
  const compact = dialled.replace(/[\s\-\u2010-\u2015()./]/g, '');
  return /^\+?[0-9]+$/.test(compact) ? compact : undefined;
}

function nationalNumber(digits: string, country: string): ParsedNumber {
  if (!isSupportedCountry(country)) return bad;
  const number = parsePhoneNumberFromString(digits, country);
  return number?.isPossible() ? shaped(number.number) : bad;
}
