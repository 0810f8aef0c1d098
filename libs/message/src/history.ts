import type { EventType } from './event.ts';
import type { StageName } from './flow.ts';
import type { Content, MessageClass, MessageHead } from './message.ts';
import type { FailureReason } from './reason.ts';
import type { FinalState, MessageState } from './state.ts';

/** What message-log answers. The tenant is part of every question: another tenant's message is not found. Times are unix ms. */
export const historySubjects = {
  get: 'messages.get',
  trace: 'messages.trace',
  list: 'messages.list',
  known: 'messages.known',
  stats: 'messages.stats',
  erase: 'messages.erase',
  events: 'messages.events',
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
  return /^[0-9]{1,18}-[0-9]{1,9}$/.test(text);
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
