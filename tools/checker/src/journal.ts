import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/**
 * What somebody outside the platform saw of it, a line of JSON each, in the order it was seen: a load client, a provider, a receiver of webhooks.
 * A journal holds no number and no text: a message is known by its `content`.
 */
export type JournalLine = { /** Unix ms, of the writer's clock. */ readonly atMs: number } & (
  Asked | Answered | Reported | Arrived | ReceiptSent
);

/** A tenant is about to submit it. `ref` is the writer's own name of this submission, unique in its journal; what is submitted again has another. */
export interface Asked {
  readonly kind: 'asked';
  readonly tenant: string;
  readonly ref: string;
  readonly content: string;
  readonly door: 'smpp' | 'http' | 'email';
  readonly reportWanted: boolean;
}

/** What the platform answered. `unanswered`: the connection ended or the time was up; it may have been accepted. */
export type Answered =
  | { readonly kind: 'accepted'; readonly tenant: string; readonly ref: string; readonly id: string }
  /** `reason`: in the protocol's words, such as `ESME_RTHROTTLED` or `503 unavailable`. */
  | { readonly kind: 'refused'; readonly tenant: string; readonly ref: string; readonly reason: string }
  | { readonly kind: 'unanswered'; readonly tenant: string; readonly ref: string; readonly reason: string };

/** The tenant was told what became of its message: a delivery receipt, or a webhook it answered with success. */
export interface Reported {
  readonly kind: 'reported';
  readonly tenant: string;
  readonly id: string;
  /** As the API calls it: `delivered`, `undelivered`, `expired`, … */
  readonly state: string;
  readonly by: 'smpp' | 'webhook';
}

/** A whole message came to a provider. `taken`: it would be sent to the handset, whether the answer arrived or not. */
export interface Arrived {
  readonly kind: 'arrived';
  readonly provider: string;
  readonly content: string;
  readonly taken: boolean;
  /** What the provider calls it; absent when it did not take it. */
  readonly providerId?: string;
}

/** A provider sent a receipt. */
export interface ReceiptSent {
  readonly kind: 'receipt';
  readonly provider: string;
  readonly providerId: string;
  readonly state: string;
}

/** How journals know a message without naming its number or text: 16 hex digits. `to`: digits of the number without plus. */
export function contentOf(to: string, text: string): string {
  return createHash('sha256').update(`${to}\0${text}`).digest('hex').slice(0, 16);
}

/** Omits `atMs`, which is now unless given. */
type Unwritten<Line> = Line extends JournalLine ? Omit<Line, 'atMs'> & { readonly atMs?: number } : never;

export interface Journal {
  write(line: Unwritten<JournalLine>): void;
  /** Resolves when all lines are in the file. */
  close(): Promise<void>;
}

/** Appends to the file, readable by its owner only. */
export function openJournal(file: string): Journal {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  return {
    write: (line) => void stream.write(`${JSON.stringify({ atMs: Date.now(), ...line })}\n`),
    async close() {
      stream.end();
      await finished(stream);
    },
  };
}
