import type { HeliographEvent } from '@heliograph/message';

/**
 * A record is what JetStream stores: a JSON array of events of one subject. Gathering many events into one record is the
 * platform's group commit: one publish, one fsync and one acknowledgement for all of them.
 */
export const recordEventsMax = 128;
/** Far below the server's max_payload (8 MB), so one more event of the largest kind (255 segments, 40 kB) still fits. */
export const recordOctetsMax = 512 * 1024;

/** Joins events that were serialized one by one. */
export function joinRecord(events: readonly string[]): string {
  return `[${events.join(',')}]`;
}

/** The events of a record, or undefined when it is not one: such a record goes to the dead letters at first sight. */
export function parseRecord(octets: Uint8Array): HeliographEvent[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed) || !parsed.every(looksLikeEvent)) return undefined;
  return parsed as HeliographEvent[];
}

function looksLikeEvent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
