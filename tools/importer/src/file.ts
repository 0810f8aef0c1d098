import { createHash } from 'node:crypto';
import { readCsv } from './csv.ts';
import { readSql } from './sql.ts';
import type { RawUsers } from './users.ts';

export type Format = 'csv' | 'sql';

/** What a file holds. `hash` names it: half of a SHA-256, as 32 hex digits. */
export function readFile(octets: Uint8Array, format: Format | undefined): RawUsers & { hash: string; format: Format } {
  const text = decode(octets).replaceAll('\r\n', '\n');
  const chosen = format ?? formatOf(text);
  return {
    ...(chosen === 'sql' ? readSql(text) : readCsv(text)),
    hash: createHash('sha256').update(octets).digest('hex').slice(0, 32),
    format: chosen,
  };
}

function formatOf(text: string): Format {
  return /^\s*(--|\/\*)|^\s*(INSERT|COPY|CREATE|SET|USE|BEGIN|GO)\b/i.test(text) || /\b(INSERT\s+(INTO\s)?|COPY\s)/i.test(text)
    ? 'sql'
    : 'csv';
}

/** By its byte order mark: SQL Server's tools write UTF-16. Without one UTF-8, which a file in Latin-1 is not: its odd letters are refused later. */
function decode(octets: Uint8Array): string {
  const [first, second] = octets;
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(octets); // takes the mark away
}
