import type { FinalState } from './state.ts';

/** What dlr-forwarder answers about webhooks. The tenant is part of every question: another tenant's are not found. Times are unix ms. */
export const webhookSubjects = {
  endpoint: 'webhooks.endpoint',
  deliveries: 'webhooks.deliveries',
  replay: 'webhooks.replay',
  test: 'webhooks.test',
} as const;

/** `open`: it answers nothing, or errors, so reports wait while it is tried with one now and then; `half-open`: that one is under way. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** How the host of a URL does. */
export interface WebhookEndpointQuestion {
  readonly tenant: string;
  readonly url: string;
}

export interface WebhookEndpointAnswer {
  readonly circuit: CircuitState;
  /** Of the circuit; absent when it has been closed ever since. */
  readonly sinceMs?: number;
  /** What opened the circuit last, or failed since. */
  readonly lastError?: string;
  /** It asked for a pause (retry-after): nothing is posted there before. */
  readonly pausedUntilMs?: number;
  /** It answered 410, so nothing is posted to this URL until the webhook is saved again. */
  readonly gone: boolean;
}

/** `pending`: it will be tried, again or for the first time; `failed`: its endpoint answered 410 or was switched off; `exhausted`: tried to the end. */
export const webhookDeliveryStates = ['pending', 'delivered', 'failed', 'exhausted'] as const;
export type WebhookDeliveryState = (typeof webhookDeliveryStates)[number];

export const webhookDeliveriesMax = 100;

export interface WebhookDeliveriesQuestion {
  readonly tenant: string;
  readonly state?: WebhookDeliveryState;
  /** 1..webhookDeliveriesMax. */
  readonly limit: number;
  /** Only deliveries older than the one with this id. */
  readonly before?: string;
}

/** What is posted: how a message ended, that a balance is low, or what a handset wrote. */
export type WebhookNews = FinalState | 'balance.low' | 'message.received';

/** It is a report: what becomes of it is told as that of one. */
export function isReportNews(news: WebhookNews): news is FinalState {
  return news !== 'balance.low' && news !== 'message.received';
}

export interface WebhookAttempt {
  /** 1 = the first. */
  readonly attempt: number;
  readonly atMs: number;
  /** Absent when there was no answer; `error` says why. */
  readonly status?: number;
  readonly error?: string;
  readonly latencyMs: number;
  /** SHA-256 of the answer's body, of its first 64 KiB, in hex. Absent when there was no answer. */
  readonly bodySha256?: string;
}

/** A report, a notice or an inbound message and its way to the tenant's endpoint. */
export interface WebhookDelivery {
  /** The webhook-id of every try. */
  readonly id: string;
  /** Of an inbound message its own id. Absent when it is of no message. */
  readonly messageId?: string;
  readonly reported: WebhookNews;
  readonly url: string;
  readonly state: WebhookDeliveryState;
  readonly createdAtMs: number;
  /** When it is due, while it is pending. */
  readonly nextAtMs?: number;
  /** When it came to its end. */
  readonly doneAtMs?: number;
  /** In order. */
  readonly attempts: readonly WebhookAttempt[];
}

export interface WebhookDeliveriesAnswer {
  /** Newest first. */
  readonly deliveries: readonly WebhookDelivery[];
  /** There are older ones: ask for those before the last of these. */
  readonly more: boolean;
}

export interface WebhookReplayQuestion {
  readonly tenant: string;
  readonly id: string;
}

/** `closed`: its endpoint answered 410 or is switched off. */
export interface WebhookReplayAnswer {
  readonly outcome: 'replayed' | 'not_found' | 'closed';
}

/** Posts a signed `webhook.test` there now. */
export interface WebhookTestQuestion {
  readonly tenant: string;
  readonly url: string;
}

export const webhookTestTimeoutMs = 10_000;

/** `busy`: others of the tenant's are under way; `no_secret`: the tenant's webhook has none to sign with. */
export type WebhookTestAnswer =
  | { readonly outcome: 'posted'; readonly status?: number; readonly error?: string; readonly latencyMs: number }
  | { readonly outcome: 'busy' | 'no_secret' };
