import { contentOf, type Journal } from '@heliograph/checker';
import { wholeOf, type InboxAlphabet, type ReceivedMessage, type TakenSegment } from './inbox.ts';
import type { DueReceipt } from './receipts.ts';

/** What the carrier has seen, as `npm run checker` reads it. */
export interface Notes {
  arrived(message: ReceivedMessage): void;
  /** Refused, or not taken. One of several parts is no message, and not noted. */
  notTaken(segment: TakenSegment): void;
  receipt(receipt: Pick<DueReceipt, 'id' | 'state'>): void;
}

export function createNotes({ journal, provider, alphabet }: { journal: Journal; provider: string; alphabet: InboxAlphabet }): Notes {
  return {
    arrived(message) {
      const [providerId] = message.ids;
      journal.write({ kind: 'arrived', provider, content: of(message), taken: true, ...(providerId === undefined ? {} : { providerId }) });
    },
    notTaken(segment) {
      const message = wholeOf(segment, alphabet);
      if (message) journal.write({ kind: 'arrived', provider, content: of(message), taken: false });
    },
    receipt: ({ id, state }) => journal.write({ kind: 'receipt', provider, providerId: id, state }),
  };
}

/** Octets of a binary message as hex. */
function of({ to, text, octets }: ReceivedMessage): string {
  return contentOf(to.replace(/^\+/, ''), octets ?? text);
}
