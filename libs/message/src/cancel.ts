/** How a message that waits is cancelled: the door marks it, and whoever would send it looks. */

/** Keys are ids of messages. Kept longer than any waits: 7 days until its time comes and 7 days of validity from then. */
export const cancelledMarks = { bucket: 'cancelled', ttlMs: 15 * 24 * 60 * 60 * 1000 } as const;

/** Told to all by the connector that has begun to send a message which is being cancelled: it goes on. */
export const sendingBegun = 'messages.begun';

export interface SendingBegun {
  readonly id: string;
}
