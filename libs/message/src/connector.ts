import type { MessageClass } from './message.ts';
import type { CircuitState } from './webhook.ts';

/** Told to all every second, and at once when its circuit or its links change, by each process for each connector that it runs. */
export const connectorHealth = 'connectors.health';
/** Health that is older than this says nothing any more: nobody runs the connector, or nobody hears. */
export const connectorHealthTtlMs = 5_000;

/** How a connector does, as a process that runs it sees it. Times are unix ms. */
export interface ConnectorHealth {
  readonly connector: string;
  /** The process. */
  readonly instance: string;
  readonly atMs: number;
  readonly links: { readonly bound: number; readonly wanted: number };
  /** `open`: the provider does not answer, refuses everything for now, or no link is bound; one message now and then tries whether it is well again. */
  readonly circuit: CircuitState;
  /** Since when it is so; absent: ever since the process began. */
  readonly sinceMs?: number;
  readonly lastError?: string;
  /** Segments by what became of them, in the last minute. */
  readonly lastMinute: {
    readonly accepted: number;
    readonly later: number;
    readonly throttled: number;
    readonly permanent: number;
    readonly unknown: number;
  };
  /** Mean time from submit_sm to its answer in the last minute; absent: none was answered. */
  readonly responseMs?: number;
  /** Segments a second that may go out now; absent: there is no limit. */
  readonly segmentsPerSecond?: number;
  /** Messages whose answers are awaited. */
  readonly inFlight: number;
  /** Messages held here that wait for a window, a pace or a later try. */
  readonly waiting: number;
  /** What waits in the streams, by class: records not read yet, and the messages that they have by what a record has lately. */
  readonly backlog: Readonly<Record<MessageClass, { readonly records: number; readonly messages: number; readonly oldestAtMs?: number }>>;
}

/** Told to all every second by each router, and at once when somebody comes where it saw one tenant at most. */
export const connectorTenants = 'connectors.tenants';
/** From a router that was not heard of for so long nothing is known. */
export const connectorTenantsTtlMs = 5_000;
/** Who was routed to a connector within this is among those who may wait there. */
export const neighbourMs = 60_000;

/** Whom a router has routed to which connector within `neighbourMs`: the last two, so that each of them can tell whether there is another. */
export interface ConnectorTenants {
  readonly atMs: number;
  readonly lanes: readonly {
    readonly connector: string;
    readonly class: MessageClass;
    /** `atMs`: the last time, as `at` of its `message.routed`, unix ms. */
    readonly tenants: readonly { readonly tenant: string; readonly atMs: number }[];
  }[];
}

/** Asked of the router: what it knows of connectors now. The question is empty. */
export const routeFactsSubject = 'routes.facts';

export interface RouteFactsAnswer {
  /** By id; one that is not in it: nothing is known of it, and it counts as available. */
  readonly connectors: Readonly<Record<string, { readonly available: boolean; /** Share delivered, 0 to 1. */ readonly quality?: number }>>;
}

/** What an operator wants of a connector: `paused` sends nothing and keeps its links; `draining` sends what it has and gets nothing new. */
export const connectorModes = ['running', 'draining', 'paused'] as const;
export type ConnectorMode = (typeof connectorModes)[number];

/** What message-log answers: how the messages of each connector have ended of late. */
export const qualitySubject = 'messages.quality';

export interface QualityQuestion {
  /** Of those that ended then or later, unix ms, but for some minutes. */
  readonly sinceMs: number;
}

/** About: what ends while a process is killed may be missing, or there twice. */
export interface QualityAnswer {
  readonly connectors: Readonly<Record<string, { readonly ended: number; readonly delivered: number }>>;
}

/** With fewer, a share says nothing. */
export const qualityEndedMin = 50;
