export { isE164, maskE164, parseE164 } from './number.ts';
export type { BadNumber, E164, ParsedNumber, ParseE164Options } from './number.ts';
export { countryOf } from './country.ts';
export { createDigitTable, keyOf } from './digit-table.ts';
export type { DigitTable } from './digit-table.ts';
export { parseSender } from './sender.ts';
export type { ParsedSender, Sender } from './sender.ts';
