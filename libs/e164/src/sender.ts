import { parseE164 } from './number.ts';

/** An SMPP source address as it goes on the wire: `addr` holds the digits without `+`, or the name. SMPP 3.4 §5.2.5, §5.2.6. */
export type Sender = { addr: string; ton: number; npi: number };

export type ParsedSender = { ok: true; sender: Sender } | { ok: false; reason: 'bad_sender' };

/**
 * What an alphanumeric sender may hold: the GSM 03.38 default alphabet without control characters, the extension table and the Greek capitals
 * (an SMPP address is a C-Octet String: a character must fit one ISO 8859-1 octet). 11 of 7 bits fit the 10 octets of 3GPP TS 23.040 §9.1.2.5.
 */
const alphanumeric = /^[A-Za-z0-9 @£$¥èéùìòÇØøÅåÆæßÉ!"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà_]{1,11}$/;
const withLetter = /[A-Za-zèéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà]/;
const shortCode = /^[0-9]{3,6}$/;
/** With an explicit type, a number need not be E.164: a short code sent as "international" is common, and providers take it. */
const anyNumber = /^[0-9]{3,20}$/;

type Reading = (text: string) => { addr: string; npi: number } | undefined;

const readNumber: Reading = (text) => {
  const digits = text.replace(/^\+/, '');
  return anyNumber.test(digits) ? { addr: digits, npi: 1 } : undefined;
};
const readCode: Reading = (text) => (anyNumber.test(text) ? { addr: text, npi: 0 } : undefined);
const readName: Reading = (text) => (alphanumeric.test(text) ? { addr: text, npi: 0 } : undefined);

/** How an address is read when the tenant states its type of number. SMPP 3.4 §5.2.5; what is not listed is reserved. */
const readings: ReadonlyMap<number, Reading> = new Map([
  [1, readNumber], // international
  [2, readNumber], // national
  [3, readCode], // network specific
  [4, readNumber], // subscriber
  [5, readName], // alphanumeric
  [6, readCode], // abbreviated
]);

/**
 * Reads a sender: an E.164 number (ton 1, npi 1), a short code of 3 to 6 digits (ton 3, npi 0) or a name of at most 11 characters (ton 5,
 * npi 0). A ton or npi that the tenant gave is kept and the text checked against it; 0 means "unknown" and counts as not given.
 */
export function parseSender(text: string, given?: { ton?: number | undefined; npi?: number | undefined }): ParsedSender {
  const { ton = 0, npi = 0 } = given ?? {};
  const sender = ton === 0 ? recognize(text) : readAs(text, ton);
  if (sender === undefined) return { ok: false, reason: 'bad_sender' };
  return { ok: true, sender: npi === 0 ? sender : { ...sender, npi } };
}

function recognize(text: string): Sender | undefined {
  const trimmed = text.trim();
  if (shortCode.test(trimmed)) return { addr: trimmed, ton: 3, npi: 0 };
  const parsed = parseE164(text);
  if (parsed.ok) return { addr: parsed.number.slice(1), ton: 1, npi: 1 };
  // Without a letter it was meant as a number, and is a broken one.
  return alphanumeric.test(trimmed) && withLetter.test(trimmed) ? { addr: trimmed, ton: 5, npi: 0 } : undefined;
}

function readAs(text: string, ton: number): Sender | undefined {
  const read = readings.get(ton)?.(text);
  return read && { ...read, ton };
}
