import { freest, formatReceipt, receiptTlvs, type MessageState, type RequestOutcome, type Session } from '@heliograph/smpp';

/** A receipt that is due: everything deliver_sm needs, and no more. */
export interface DueReceipt {
  readonly systemId: string;
  readonly id: string;
  readonly state: MessageState;
  /** Of the message; in its receipt they change places. */
  readonly source: Address;
  readonly destination: Address;
  /** Unix ms. */
  readonly submittedAtMs: number;
  /** Times it was sent already. */
  tries: number;
}

export interface Address {
  readonly ton: number;
  readonly npi: number;
  readonly addr: string;
}

export interface ReceiptCounts {
  sent: number;
  acknowledged: number;
  /** Not answered, or answered with an error: sent again. */
  resent: number;
  /** Given up: tried too often, or too many waiting. */
  dropped: number;
}

/** Hands receipts to whoever is bound to receive with the system id that submitted; holds them while nobody is. */
export interface Receipts {
  send(receipt: DueReceipt): void;
  join(session: Session): void;
  leave(session: Session): void;
  readonly waiting: number;
  readonly counts: Readonly<ReceiptCounts>;
}

type Mailbox = { waiting: DueReceipt[]; head: number; readonly receivers: Session[]; readonly watched: Set<Session> };

const triesMax = 100;
const retryDelayMs = 1_000;
/** 200 octets each: 40 MB when a benchmark submits and nobody ever binds to receive. */
const waitingMax = 200_000;

export function createReceipts({ after, now }: { after: (delayMs: number, task: () => void) => void; now: () => number }): Receipts {
  const mailboxes = new Map<string, Mailbox>();
  const counts: ReceiptCounts = { sent: 0, acknowledged: 0, resent: 0, dropped: 0 };
  let waiting = 0;

  function mailboxOf(systemId: string): Mailbox {
    let mailbox = mailboxes.get(systemId);
    if (!mailbox) mailboxes.set(systemId, (mailbox = { waiting: [], head: 0, receivers: [], watched: new Set() }));
    return mailbox;
  }

  function add(mailbox: Mailbox, receipt: DueReceipt): void {
    if (waiting >= waitingMax) return void counts.dropped++;
    waiting++;
    mailbox.waiting.push(receipt);
    pump(mailbox);
  }

  function pump(mailbox: Mailbox): void {
    while (mailbox.head < mailbox.waiting.length) {
      const session = freest(mailbox.receivers);
      if (!session) return watch(mailbox);
      const receipt = mailbox.waiting[mailbox.head++] as DueReceipt;
      waiting--;
      deliver(mailbox, session, receipt);
    }
    mailbox.waiting = [];
    mailbox.head = 0;
  }

  /** Goes on once a window has room. A session that is ending has none any more: who joins next is pumped to. */
  function watch(mailbox: Mailbox): void {
    if (mailbox.head > 10_000) {
      mailbox.waiting = mailbox.waiting.slice(mailbox.head);
      mailbox.head = 0;
    }
    for (const session of mailbox.receivers) {
      if (mailbox.watched.has(session)) continue;
      const waits = session.whenWindowFree((takesRequests) => {
        mailbox.watched.delete(session);
        if (takesRequests) pump(mailbox);
      });
      if (waits) mailbox.watched.add(session);
    }
  }

  function deliver(mailbox: Mailbox, session: Session, receipt: DueReceipt): void {
    counts.sent++;
    receipt.tries++;
    void session.request(deliverSm(receipt, now())).then((outcome) => settle(mailbox, receipt, outcome));
  }

  function settle(mailbox: Mailbox, receipt: DueReceipt, outcome: RequestOutcome<'deliver_sm'>): void {
    if (outcome.kind === 'response' && outcome.pdu.status === 0) return void counts.acknowledged++;
    if (receipt.tries >= triesMax) return void counts.dropped++;
    counts.resent++;
    after(retryDelayMs, () => add(mailbox, receipt));
  }

  return {
    send: (receipt) => add(mailboxOf(receipt.systemId), receipt),
    join(session) {
      if (session.state === 'bound_tx' || session.systemId === undefined) return;
      const mailbox = mailboxOf(session.systemId);
      mailbox.receivers.push(session);
      pump(mailbox);
    },
    leave(session) {
      const receivers = mailboxes.get(session.systemId ?? '')?.receivers;
      const at = receivers?.indexOf(session) ?? -1;
      if (at >= 0) receivers?.splice(at, 1);
    },
    get waiting() {
      return waiting;
    },
    counts,
  };
}

function deliverSm({ id, state, source, destination, submittedAtMs }: DueReceipt, nowMs: number) {
  const text = formatReceipt({ id, state, submitDate: new Date(submittedAtMs), doneDate: new Date(nowMs) });
  return {
    command: 'deliver_sm' as const,
    source_addr_ton: destination.ton,
    source_addr_npi: destination.npi,
    source_addr: destination.addr,
    dest_addr_ton: source.ton,
    dest_addr_npi: source.npi,
    destination_addr: source.addr,
    esm_class: 0x04, // a receipt, SMPP 3.4 §5.2.12
    short_message: Buffer.from(text, 'latin1'),
    tlvs: receiptTlvs({ id, state }),
  };
}
