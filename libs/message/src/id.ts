import { hash, randomBytes, randomUUIDv7 } from 'node:crypto';

/** A UUIDv7 (RFC 9562 §5.7) as 32 hex digits: sorts by time, fits a W3C trace id and an SMPP message_id (SMPP 3.4 §5.2.23). */
export function newId(): string {
  return withoutDashes(randomUUIDv7());
}

/**
 * The i-th of the ids that hang on `base`, an id itself: the same whoever makes it and whenever, and as old as `base`. The 74 bits that are
 * random elsewhere are of SHA-256 here (RFC 9562 §5.7 leaves how they are made to us).
 */
export function derivedId(base: string, i: number): string {
  const digest = hash('sha256', `${base} ${i}`);
  return `${base.slice(0, 12)}7${digest.slice(0, 3)}${variants[Number.parseInt(digest.charAt(3), 16) & 3]}${digest.slice(4, 19)}`;
}

/** The two highest bits are 10 (RFC 9562 §4.1). */
const variants = ['8', '9', 'a', 'b'] as const;

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
