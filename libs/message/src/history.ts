import type { EventType } from './event.ts';
import type { StageName } from './flow.ts';
import type { InboundMessage, OptOutKeyword } from './inbound.ts';
import type { Content, MessageClass, MessageHead } from './message.ts';
import type { FailureReason } from './reason.ts';
import type { FinalState, MessageState } from './state.ts';

/** What message-log answers. The tenant is part of every question: another tenant's message is not found. Times are unix ms. */
export const historySubjects = {
  get: 'messages.get',
  trace: 'messages.trace',
  list: 'messages.list',
  held: 'messages.held',
  known: 'messages.known',
  stats: 'messages.stats',
  erase: 'messages.erase',
  events: 'messages.events',
  usage: 'messages.usage',
  margins: 'messages.margins',
  charged: 'messages.charged',
  refundable: 'messages.refundable',
  reported: 'messages.reported-in',
  unended: 'messages.unended',
  inbound: 'messages.inbound',
  inboundOne: 'messages.inbound-one',
  recorded: 'messages.recorded',
} as const;

/** Told to all when reports have been written to the history: a hint to ask for events. Lost on those that are away. */
export const reportsWritten = 'messages.reports-written';

export interface ReportsWritten {
  readonly tenants: readonly string[];
}

/** A message as the history knows it by now. */
export interface LoggedMessage extends Omit<MessageHead, 'charge' | 'registeredDelivery' | 'webhook' | 'traceparent' | 'test'> {
  readonly microCredits: string;
  /** Absent until the record that holds it has been read. U+0000 and unpaired surrogates are kept as U+FFFD. */
  readonly content?: Content;
  readonly flash?: boolean;
  readonly state: MessageState;
  readonly stateAtMs: number;
  readonly reason?: FailureReason;
  readonly errorCode?: string;
  readonly connector?: string;
  /** What its provider takes for it, decimal digits; absent: not known. For operators alone. */
  readonly buyMicroCredits?: string;
  readonly routedAtMs?: number;
  readonly sentAtMs?: number;
  /** The provider's id of each segment. */
  readonly providerIds: readonly string[];
}

/** What a report says: to the tenant's webhook, and to who asks for events. */
export interface Report extends Pick<MessageHead, 'id' | 'to' | 'segments' | 'acceptedAtMs' | 'reference'> {
  readonly from: string;
  readonly state: FinalState;
  readonly reason?: FailureReason;
  readonly errorCode?: string;
  readonly doneAtMs: number;
}

/** One step on a message's way. */
export interface Hop {
  readonly stage: StageName;
  readonly event: EventType;
  readonly atMs: number;
  /** The app or the connector that did it. */
  readonly by: string;
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
}

export interface MessageQuestion {
  readonly tenant: string;
  /**
   * The message's id or its `receiptId`. Where several have the same `receiptId`: of those accepted last together (one submit_multi), the
   * one that is least advanced, so that it is final only when all are.
   */
  readonly id: string;
}

export interface MessageAnswer {
  readonly message?: LoggedMessage;
}

export interface TraceAnswer {
  readonly message?: LoggedMessage;
  /** By time. */
  readonly hops: readonly Hop[];
}

export const historyListMax = 100;

/** A search: only messages that are as every field says that is given. */
export interface MessageListQuestion {
  readonly tenant: string;
  /** 1..historyListMax. */
  readonly limit: number;
  /** Only messages older than the one with this id: `next` of the page before. */
  readonly before?: string;
  readonly state?: MessageState;
  /** E.164 with its plus sign. */
  readonly to?: string;
  readonly from?: string;
  readonly reference?: string;
  readonly class?: MessageClass;
  /** Accepted then or later, unix ms. */
  readonly sinceMs?: number;
  /** Accepted before, unix ms. */
  readonly untilMs?: number;
}

export interface MessageListAnswer {
  /** Newest first. A page may have fewer than its limit, and even none, though others follow: a search looks at so many messages at a time. */
  readonly messages: readonly LoggedMessage[];
  /** What to ask before for the next page; absent on the last. */
  readonly next?: string;
}

/** What waits for a review. */
export interface HeldQuestion {
  /** Absent: of every tenant. */
  readonly tenant?: string;
  /** 1..historyListMax. */
  readonly limit: number;
  /** Only messages older than the one with this id: `next` of the page before. */
  readonly before?: string;
}

/** Newest first; `next` is absent on the last page. */
export type HeldAnswer = MessageListAnswer;

/** A handset's message as the history knows it by now. U+0000 and unpaired surrogates are kept as U+FFFD. */
export interface LoggedInbound extends InboundMessage {
  /** Absent: it is nobody's. */
  readonly tenant?: string;
  /** Of who gets it by SMPP. */
  readonly credential?: string;
  /** What matched: id of the inbound route, or of the credential whose address range it is. */
  readonly route?: string;
  readonly keyword?: string;
  readonly optOut?: OptOutKeyword;
  readonly matchedAtMs?: number;
  /** How the tenant has it, and since when. */
  readonly delivered: readonly { readonly via: 'smpp' | 'webhook'; readonly atMs: number }[];
}

/** Handsets' messages: only those that are as every field says that is given. */
export interface InboundListQuestion {
  /** Absent: those that are nobody's. */
  readonly tenant?: string;
  /** 1..historyListMax. */
  readonly limit: number;
  /** Only messages older than the one with this id: `next` of the page before. */
  readonly before?: string;
  /**
   * In place of newest first: in an order in which none ever comes before one that was answered already, after this cursor (`next` of the answer
   * before; `isEventsCursor`; `0-0`: from the oldest that is kept). Of a tenant alone.
   */
  readonly after?: string;
  /** As they are shown with the message. */
  readonly from?: string;
  readonly to?: string;
  /** Received then or later, unix ms. */
  readonly sinceMs?: number;
}

export interface InboundListAnswer {
  readonly messages: readonly LoggedInbound[];
  /** What to ask before for the next page; absent on the last. Where `after` was asked: what to ask after next time, also when there was none. */
  readonly next?: string;
  /** Where `after` was asked: there are others already. */
  readonly more?: true;
}

export interface InboundQuestion {
  /** Absent: whosever it is. */
  readonly tenant?: string;
  readonly id: string;
}

export interface InboundAnswer {
  readonly inbound?: LoggedInbound;
}

/** How many of the tenant's messages are in each state. */
export interface StatsQuestion {
  readonly tenant: string;
  /** Only messages accepted from then on, unix ms. They are counted by the hour: from the beginning of its hour (UTC). */
  readonly sinceMs: number;
}

export const statsHourMs = 3_600_000;

export interface StatsAnswer {
  readonly byState: Readonly<Record<MessageState, number>>;
}

/** Erases the history of the tenant's messages that have ended: for good. */
export interface EraseQuestion {
  readonly tenant: string;
}

export interface EraseAnswer {
  readonly erased: number;
  /** There was no time for all of them: ask again. */
  readonly more?: true;
}

export const historyEventsMax = 1_000;

/** The reports of a tenant, in an order in which none ever comes before one that was answered already. */
export interface EventsQuestion {
  readonly tenant: string;
  /** 1..historyEventsMax. */
  readonly limit: number;
  /** `next` of the answer before; without it, from the oldest that is kept; `now`: only what comes from now on. */
  readonly after?: string;
}

export interface EventsAnswer {
  /** `cursor`: to go on after this one. */
  readonly events: readonly { readonly cursor: string; readonly report: Report }[];
  /** To ask after next time, also when there was none. */
  readonly next: string;
  /** There are others already. */
  readonly more: boolean;
}

/** The form of a cursor, which is for message-log to understand. */
export function isEventsCursor(text: string): boolean {
  return /^[0-9]{1,18}-[0-9]{1,18}$/.test(text);
}

/** Which of these messages are accepted; up to `historyKnownMax` ids. */
export interface KnownQuestion {
  readonly tenant: string;
  readonly ids: readonly string[];
}

export const historyKnownMax = 1_000;

export interface KnownAnswer {
  /**
   * False: not every record that reached the stream before the question has been read, so one that is not among them may be accepted all the
   * same.
   */
  readonly complete: boolean;
  /** In any order. */
  readonly messages: readonly KnownMessage[];
}

/** What its acceptance said. */
export type KnownMessage = Pick<LoggedMessage, 'id' | 'to' | 'segments' | 'microCredits'>;

/**
 * What the reconciler of the ledger asks, which is about all tenants. What has been erased, or was too old to be kept, is not in a sum: a sum
 * is whole when all it is about was accepted after `erasedUpToMs`.
 */
interface Whole {
  /** The newest acceptance, unix ms, of what has been erased of the tenant. 0: nothing ever. */
  readonly erasedUpToMs: number;
}

export const historyLeasesMax = 500;

/** What the messages that carry a lease cost; up to `historyLeasesMax` leases. */
export interface ChargedQuestion {
  readonly leases: readonly { readonly tenant: string; readonly lease: string }[];
}

export interface ChargedAnswer {
  /** False: not every record that reached the stream before the question has been read. */
  readonly complete: boolean;
  /** One for each that was asked for, in any order. */
  readonly leases: readonly ChargedLease[];
}

export interface ChargedLease extends Whole {
  readonly tenant: string;
  readonly lease: string;
  readonly messages: number;
  readonly microCredits: string;
}

export const historyTenantsMax = 500;

/** Ids of a time, unix ms: an hour (UTC), or a part of one. */
interface Span {
  readonly fromMs: number;
  /** Not of it any more. */
  readonly untilMs: number;
}

/** What the messages cost whose ids are of a span and that are in one of some final states; up to `historyTenantsMax` tenants. */
export interface RefundableQuestion extends Span {
  readonly tenants: readonly { readonly tenant: string; readonly states: readonly FinalState[] }[];
}

export interface RefundableAnswer {
  /** As in `ChargedAnswer`, of the streams of acceptances and of reports. */
  readonly complete: boolean;
  /** One for each that was asked for, in any order. */
  readonly tenants: readonly RefundableTenant[];
}

export interface RefundableTenant extends Whole {
  readonly tenant: string;
  readonly messages: number;
  readonly microCredits: string;
}

export const historyReportedMax = 1_000;

/** One by one, the messages of a span for which one of these states was reported, if only until a late receipt lifted it. By id. */
export interface ReportedQuestion extends Span {
  readonly tenant: string;
  readonly states: readonly FinalState[];
  /** `next` of the page before. */
  readonly after?: string;
}

export interface ReportedAnswer extends Whole {
  readonly messages: readonly ReportedMessage[];
  readonly next?: string;
}

export interface ReportedMessage {
  readonly id: string;
  readonly microCredits: string;
  readonly reports: readonly { readonly state: FinalState; readonly atMs: number }[];
}

export const historyRecordedMax = 500;

/** The newest messages of all tenants, for operators: what routes can be tried with. Without test messages. */
export interface RecordedQuestion {
  /** 1..historyRecordedMax. */
  readonly limit: number;
  /** Only messages older than the one with this id: `next` of the page before. */
  readonly before?: string;
}

export interface RecordedAnswer {
  /** By id, the newest first. A page may have fewer than its limit though others follow, as long texts do not fit in one answer. */
  readonly messages: readonly RecordedMessage[];
  /** Absent on the last page. */
  readonly next?: string;
}

export interface RecordedMessage extends Pick<
  LoggedMessage,
  'id' | 'tenant' | 'from' | 'to' | 'class' | 'segments' | 'microCredits' | 'acceptedAtMs' | 'connector'
> {
  /** Absent: a binary one. */
  readonly text?: string;
}

/** Messages that should have ended long ago and have not. */
export interface UnendedQuestion {
  /** They were valid until before that, unix ms. */
  readonly validBeforeMs: number;
}

export interface UnendedAnswer {
  readonly tenants: readonly {
    readonly tenant: string;
    readonly messages: number;
    /** Ids of the oldest. */
    readonly samples: readonly string[];
  }[];
}

export const usageMax = 500;

/** What a tenant's messages of a time cost, each of them, in the order of their ids. */
export interface UsageQuestion {
  readonly tenant: string;
  /** Accepted then or later, unix ms. */
  readonly sinceMs: number;
  /** Accepted before, unix ms. */
  readonly untilMs: number;
  /** How many it looks at, 1..usageMax: as many records at most. */
  readonly limit: number;
  /** `next` of the answer before. */
  readonly after?: string;
}

export interface UsageAnswer {
  /** False: not every record that reached the stream before the question has been read, so some may be missing. Looked at for the first page only. */
  readonly complete: boolean;
  readonly records: readonly UsageRecord[];
  /** Absent on the last page. */
  readonly next?: string;
}

export interface UsageRecord extends Pick<
  LoggedMessage,
  'id' | 'acceptedAtMs' | 'to' | 'segments' | 'microCredits' | 'state' | 'connector' | 'reference'
> {
  readonly from: string;
}

export const marginKinds = ['tenant', 'connector', 'prefix'] as const;
export const marginGroupsMax = 1_000;

/** For operators: what the messages of a time were sold and bought for, all tenants together. */
export interface MarginsQuestion {
  /** Accepted then or later, unix ms. */
  readonly sinceMs: number;
  /** Accepted before, unix ms. */
  readonly untilMs: number;
  readonly by: (typeof marginKinds)[number];
  /** Of `prefix`: so many of the first digits of the recipient's number, 1..15. */
  readonly digits: number;
}

export interface MarginsAnswer {
  /** By key; the first `marginGroupsMax`. */
  readonly groups: readonly MarginGroup[];
  /** There are others. */
  readonly more: boolean;
}

/** Amounts are decimal digits. */
export interface MarginGroup {
  /** The tenant, the connector (empty: not routed) or the digits. */
  readonly key: string;
  readonly messages: number;
  readonly segments: number;
  /** As accepted: what was given back since is not taken off. */
  readonly chargedMicroCredits: string;
  /** Of those whose cost is known. */
  readonly costMicroCredits: string;
  /** What those were sold for whose cost is known: the margin is this less the cost. */
  readonly chargedOfCostedMicroCredits: string;
  /** How many there are of which nobody has said what they cost. */
  readonly withoutCost: number;
}
