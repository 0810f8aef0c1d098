import type { Attempt, Cascade, ReturnReason } from './cascade.ts';
import type { InboundMessage, InboundPart, OptOutKeyword } from './inbound.ts';
import type { FailureReason } from './reason.ts';
import type { FinalState } from './state.ts';
import type { Content, Message, MessageHead, Sender } from './message.ts';

/** The stream record an event was made from: how a stage knows, after a crash, what it had done already. */
export interface Cause {
  readonly stream: string;
  readonly seq: number;
  /** Where the stage took it from before it set it aside in that record. */
  readonly before?: { readonly stream: string; readonly seq: number };
}

interface EventBase {
  /** Unix ms at which it happened. */
  readonly at: number;
  /** Set by the queue when a stage publishes what it made of an event. */
  readonly cause?: Cause;
  /** A reader whose `recordVersion` is lower must leave it to one of a newer version. Absent: 1, any may read it. */
  readonly needs?: number;
}

/** Accepted: the one record that holds the message and its charge. */
export interface MessageSubmitted extends EventBase {
  readonly type: 'message.submitted';
  readonly message: Message;
}

/** It waits for the time that was asked for. */
export interface MessageScheduled extends EventBase {
  readonly type: 'message.scheduled';
  readonly message: MessageHead;
  readonly sendAtMs: number;
}

/** The time that was asked for has come: published before it, handed out by the stream at it. */
export interface MessageDue extends EventBase {
  readonly type: 'message.due';
  readonly message: Message;
  /** Unix ms; a time that has passed is now. */
  readonly dueAtMs: number;
}

/** What waits for its time has other content and perhaps other times now; the head has the times. `at` grows from one to the next of a message. */
export interface MessageReplaced extends EventBase {
  readonly type: 'message.replaced';
  readonly message: MessageHead;
  readonly content: Content;
  readonly flash?: boolean;
  /** It was held until now, and stays as it is: who let it go on. */
  readonly releasedBy?: 'operator' | 'tenant';
}

/** A message with a connector to go to. */
export interface Routed {
  readonly message: Message;
  readonly connector: string;
  /** Id of the rule that chose the connector. */
  readonly route: string;
  /** Of the table the rule was in; absent: it was chosen without one. */
  readonly routeVersion?: number;
  /** What the provider takes for all of it, decimal digits; absent: nobody has said. For operators alone. */
  readonly buyMicroCredits?: string;
  /** It goes out with this sender instead of its own. */
  readonly sender?: Sender;
  /** 2 or more: it was at other connectors before. Absent: 1. */
  readonly attempt?: number;
  /** The connectors it was at before, in order. */
  readonly tried?: readonly string[];
  /** What those that took it take, decimal digits. */
  readonly spentMicroCredits?: string;
  /** One of those has not said what became of it: nobody knows that it was not delivered, whatever becomes of it now. */
  readonly unreported?: true;
  /** When it goes on to another connector; absent: never. */
  readonly cascade?: Cascade;
}

export interface MessageRouted extends EventBase, Routed {
  readonly type: 'message.routed';
}

/** It waits in a queue of its tenant's own, as the tenant has more in the connector's than its share. `at`: when it was routed. */
export interface MessageBacklogged extends EventBase, Routed {
  readonly type: 'message.backlogged';
}

/** It was not delivered, or is not known to be, and may go to its next route. */
export interface MessageReturned extends EventBase, Attempt {
  readonly type: 'message.returned';
  /** The connector that gave it back, or the app. */
  readonly by: string;
  readonly why: ReturnReason;
  /** How it ends when there is no other route. */
  readonly ending: Pick<MessageFailed, 'state' | 'reason' | 'errorCode'>;
  /** Times that it was submitted there and never answered, 1 or more: each may be a duplicate at the provider. Absent: 0. */
  readonly unanswered?: number;
}

/** A provider has taken every segment of it. */
export interface MessageSent extends EventBase {
  readonly type: 'message.sent';
  readonly message: MessageHead;
  readonly connector: string;
  /** Receipts of connectors in one group are matched together. */
  readonly group: string;
  /** The provider's id of each segment, normalized so that it compares equal to the id in its receipt. */
  readonly providerIds: readonly string[];
  /** 2 or more: it was at other connectors before. Absent: 1. */
  readonly attempt?: number;
  /** Only where its receipt, or none, may send it to another route. */
  readonly again?: Attempt;
  /** Times that it was submitted there and never answered, 1 or more: each may be a duplicate at the provider. Absent: 0. */
  readonly unanswered?: number;
}

/** It will never be sent. */
export interface MessageFailed extends EventBase {
  readonly type: 'message.failed';
  readonly message: MessageHead;
  /** The app that gave up on it, or the connector. */
  readonly by: string;
  /** `undelivered` and `no_report`: a provider had taken it, and there was no other route. */
  readonly state: Exclude<FinalState, 'delivered'>;
  readonly reason: FailureReason;
  /** The provider's own word, such as a command_status in hex. */
  readonly errorCode?: string;
  /** Times that it was submitted there and never answered, 1 or more: each may be a duplicate at the provider. Absent: 0. */
  readonly unanswered?: number;
}

/** What a provider says of a segment; not yet matched to a message. */
export interface ReceiptReceived extends EventBase {
  readonly type: 'receipt.received';
  readonly id: string;
  readonly connector: string;
  readonly group: string;
  readonly providerId: string;
  /** `sent` = on its way still (an intermediate receipt). */
  readonly state: FinalState | 'sent';
  /** `err:` of the receipt, as the provider wrote it. */
  readonly errorCode: string;
}

/** The message has its final state. */
export interface MessageReported extends EventBase {
  readonly type: 'message.reported';
  readonly message: MessageHead;
  readonly state: FinalState;
  readonly reason?: FailureReason;
  readonly errorCode?: string;
}

/** A report is owed to an SMPP client: it waits for a session bound with the message's credential. */
export interface ReportDue extends EventBase {
  readonly type: 'report.due';
  readonly message: MessageHead;
  /** `sent` = an intermediate notification (SMPP 3.4 §5.2.17): it is on its way still, and the report of its end follows. */
  readonly state: FinalState | 'sent';
  readonly errorCode?: string;
  /** Unix ms at which it came to this state, as the provider's word was received. */
  readonly doneAtMs: number;
}

/** The tenant has the report. */
export interface ReportDelivered extends EventBase {
  readonly type: 'report.delivered';
  readonly messageId: string;
  readonly tenant: string;
  readonly via: 'smpp' | 'webhook';
  /** What the report says: `sent` = an intermediate notification. */
  readonly state: FinalState | 'sent';
  /** 1 = at the first try. */
  readonly attempt: number;
}

/** The tenant will not get the report: every try to post it has failed. It can still be posted again on request. */
export interface ReportExhausted extends EventBase {
  readonly type: 'report.exhausted';
  readonly messageId: string;
  readonly tenant: string;
  readonly via: 'webhook';
  readonly state: FinalState;
  /** How often it was tried: as often as the schedule says, or less when its endpoint was not tried all the while. */
  readonly attempts: number;
}

/** What a tenant can spend has fallen below a threshold of its own. */
export interface BalanceLow extends EventBase {
  readonly type: 'balance.low';
  /** Of this notice, the same each time it is published: 32 hex digits. */
  readonly id: string;
  readonly tenant: string;
  /** Decimal digits, perhaps with a minus sign. */
  readonly thresholdMicroCredits: string;
  /** Balance and leased together, after what crossed it. */
  readonly spendableMicroCredits: string;
}

/** What a provider handed over from a handset; nobody has looked yet whose it is. */
export interface InboundReceived extends EventBase, InboundPart {
  readonly type: 'inbound.received';
}

/** An inbound message, and whose it is. */
export interface InboundMatched extends EventBase {
  readonly type: 'inbound.matched';
  readonly inbound: InboundMessage;
  readonly tenant: string;
  /** Gets it by SMPP; absent: nobody does. */
  readonly credential?: string;
  /** What matched: id of the inbound route, or of the credential whose address range it is. */
  readonly route: string;
  /** The first word of its text, in lower case, where that decided or changes what the handset gets. */
  readonly keyword?: string;
  readonly optOut?: OptOutKeyword;
}

/** An inbound message that is nobody's. */
export interface InboundUnmatched extends EventBase {
  readonly type: 'inbound.unmatched';
  readonly inbound: InboundMessage;
}

/** An inbound message is owed to an SMPP client: it waits for a session bound with the credential. */
export interface InboundDue extends EventBase {
  readonly type: 'inbound.due';
  readonly inbound: InboundMessage;
  readonly tenant: string;
  readonly credential: string;
}

/** The tenant has the inbound message. */
export interface InboundDelivered extends EventBase {
  readonly type: 'inbound.delivered';
  readonly inboundId: string;
  readonly tenant: string;
  readonly via: 'smpp' | 'webhook';
  /** 1 = at the first try. */
  readonly attempt: number;
}

export type HeliographEvent =
  | MessageSubmitted
  | MessageScheduled
  | MessageDue
  | MessageReplaced
  | MessageRouted
  | MessageBacklogged
  | MessageReturned
  | MessageSent
  | MessageFailed
  | ReceiptReceived
  | MessageReported
  | ReportDue
  | ReportDelivered
  | ReportExhausted
  | BalanceLow
  | InboundReceived
  | InboundMatched
  | InboundUnmatched
  | InboundDue
  | InboundDelivered;

export type EventType = HeliographEvent['type'];

export type EventOf<T extends EventType> = Extract<HeliographEvent, { type: T }>;

/** What the event is about: the message's id; for a receipt, which knows no message yet, a notice and an inbound message, its own. */
export function subjectIdOf(event: HeliographEvent): string {
  switch (event.type) {
    case 'receipt.received':
    case 'balance.low':
    case 'inbound.received':
      return event.id;
    case 'inbound.matched':
    case 'inbound.unmatched':
    case 'inbound.due':
      return event.inbound.id;
    case 'inbound.delivered':
      return event.inboundId;
    case 'report.delivered':
    case 'report.exhausted':
      return event.messageId;
    default:
      return event.message.id;
  }
}
