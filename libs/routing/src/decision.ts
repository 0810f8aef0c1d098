import type { Cascade, ConnectorMode, MessageClass, Sender } from '@heliograph/message';
import type { SenderList } from './senders.ts';

/** A message that looks for its route. */
export interface RouteQuery {
  /** Of several targets a message always gets the same one. */
  readonly messageId: string;
  readonly tenant: string;
  readonly from: Sender;
  /** Of the recipient, E.164 without its plus sign. */
  readonly digits: string;
  readonly class: MessageClass;
  /** Absent: it has none, as a binary one, and no filter by text fits. */
  readonly text?: string;
  readonly segments: number;
  /** What the tenant pays for all of it. Absent: nobody knows yet, and no cascade is held by it. */
  readonly chargeMicroCredits?: bigint;
  readonly nowMs: number;
  /** It was at other connectors before. */
  readonly again?: Again;
}

export interface Again {
  /** The rule that routed it: it decides again, if it is there still and fits. */
  readonly rule: string;
  /** Connectors that had it: none of them gets it again. */
  readonly tried: readonly string[];
  readonly spentMicroCredits: bigint;
  /** What those that had it and the next one may take together; absent: whatever they take. */
  readonly costMaxMicroCredits?: bigint;
}

export interface ConnectorState {
  readonly enabled: boolean;
  readonly mode: ConnectorMode;
  /** Whether it can send now: it has links and its circuit is closed. */
  readonly available: boolean;
  /** The senders its provider takes; absent: all. */
  readonly senders?: SenderList;
}

/** What a decision is made from beside the table. All are asked only when they matter. */
export interface RouteFacts {
  /** Undefined: there is no such connector. */
  connector(id: string): ConnectorState | undefined;
  /** Micro-credits per segment; undefined: nobody has said. */
  buyPrice(connectorId: string, digits: string, nowMs: number): bigint | undefined;
  /** Share delivered, 0 to 1; undefined: too few to say. */
  quality(connectorId: string): number | undefined;
  /** Undefined: nobody knows. */
  network(digits: string): { readonly mcc: string; readonly mnc: string } | undefined;
}

export interface RouteChoice {
  readonly ok: true;
  readonly rule: string;
  readonly connector: string;
  /** It goes out with this one instead of its own. */
  readonly sender?: Sender;
  readonly cascade?: Cascade;
}

/** `blocked`: a rule rejects it. `exhausted`: it was at all connectors it may go to. */
export type NoRouteReason = 'unroutable' | 'blocked' | 'exhausted';

export interface NoRoute {
  readonly ok: false;
  readonly reason: NoRouteReason;
  /** The rule that says so. */
  readonly rule?: string;
}

export type RouteDecision = RouteChoice | NoRoute;
