import type { EventType } from './event.ts';
import type { StageName } from './flow.ts';
import type { Content, MessageHead } from './message.ts';
import type { FailureReason } from './reason.ts';
import type { MessageState } from './state.ts';

/** What message-log answers. The tenant is part of every question: another tenant's message is not found. Times are unix ms. */
export const historySubjects = {
  get: 'messages.get',
  trace: 'messages.trace',
  list: 'messages.list',
} as const;

/** A message as the history knows it by now. */
export interface LoggedMessage extends Omit<MessageHead, 'charge' | 'registeredDelivery' | 'webhook' | 'traceparent'> {
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

export interface MessageListQuestion {
  readonly tenant: string;
  /** 1..historyListMax. */
  readonly limit: number;
  /** Only messages older than the one with this id. */
  readonly before?: string;
}

export interface MessageListAnswer {
  /** Newest first. */
  readonly messages: readonly LoggedMessage[];
  /** There are older ones: ask for those before the last of these. */
  readonly more: boolean;
}
