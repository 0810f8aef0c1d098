/**
 * The GSM 7-bit default alphabet and its extension table. 3GPP TS 23.038 §6.2.1 and §6.2.1.1. Septets are handled unpacked, one per octet, as
 * SMPP carries them. 0x09 is capital C with cedilla, as the specification's note 4 demands; the small one needs UCS-2.
 */
const basic =
  '@£$¥èéùìòÇ\nØø\rÅå' +
  'Δ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ' +
  ' !"#¤%&\'()*+,-./' +
  '0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNO' +
  'PQRSTUVWXYZÄÖÑÜ§' +
  '¿abcdefghijklmno' +
  'pqrstuvwxyzäöñüà';

/** Septet after the escape, and its character. 0x0A is the page break, kept as form feed. */
const extension: readonly (readonly [number, string])[] = [
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
];

export const escapeSeptet = 0x1b;

/** In `gsmCodes`: not in the alphabet. */
export const notGsm = 0xff;

/**
 * UTF-16 unit to septet, with bit 7 set where the escape must precede it; `notGsm` for the rest. One flat table: a text is measured in one
 * pass without a branch per script. `gsmCodes[unit] >> 7` is what a character costs above one septet.
 */
export const gsmCodes: Uint8Array = buildCodes();

/** Basic septets at 0 to 127, those after an escape at 128 to 255. */
const characters: readonly string[] = buildCharacters();

/** Whether every character is in the default alphabet or its extension. */
export function isGsm(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (gsmCodes[text.charCodeAt(at)] === notGsm) return false;
  return true;
}

/** Unpacked septets, one per octet, escapes included; undefined when a character is not in the alphabet. */
export function encodeGsm(text: string): Buffer | undefined {
  const septets = Buffer.allocUnsafe(text.length * 2);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = gsmCodes[text.charCodeAt(at)]!;
    if (code === notGsm) return undefined;
    if (code > 0x7f) septets[length++] = escapeSeptet;
    septets[length++] = code & 0x7f;
  }
  return septets.subarray(0, length);
}

/**
 * Text of unpacked septets; never fails. After an escape, a septet without an entry shows as in the basic table, and a second or last escape as
 * a space (3GPP TS 23.038 §6.2.1.1). An octet above 0x7F is no septet and shows as U+FFFD.
 */
export function decodeGsm(octets: Uint8Array): string {
  let text = '';
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!;
    if (octet !== escapeSeptet) text += octet > 0x7f ? '\ufffd' : characters[octet]!;
    else if (++at === octets.length) text += ' ';
    else text += octets[at]! > 0x7f ? '\ufffd' : characters[octets[at]! | 0x80]!;
  }
  return text;
}

function buildCodes(): Uint8Array {
  const codes = new Uint8Array(0x10000).fill(notGsm);
  for (let septet = 0; septet < 128; septet++) if (septet !== escapeSeptet) codes[basic.charCodeAt(septet)] = septet;
  for (const [septet, character] of extension) codes[character.charCodeAt(0)] = septet | 0x80;
  return codes;
}

function buildCharacters(): string[] {
  const table = [...basic, ...basic];
  table[escapeSeptet] = table[escapeSeptet | 0x80] = ' ';
  for (const [septet, character] of extension) table[septet | 0x80] = character;
  return table;
}
