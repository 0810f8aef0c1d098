import { randomBytes, randomUUIDv7 } from 'node:crypto';

/** A UUIDv7 (RFC 9562 §5.7) as 32 hex digits: sorts by time, fits a W3C trace id and an SMPP message_id (SMPP 3.4 §5.2.23). */
export function newId(): string {
  return withoutDashes(randomUUIDv7());
}

/** PostgreSQL prints a uuid with dashes and reads it without. */
export function withoutDashes(uuid: string): string {
  return uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24);
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** 32 random bits as 8 hex digits: all that a client of SMPP 3.3 can hold. It may come again. */
export function newShortId(): string {
  return randomBytes(4).toString('hex');
}

export function isShortId(text: string): boolean {
  return /^[0-9a-f]{8}$/.test(text);
}
