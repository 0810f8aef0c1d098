import type { ConnectorMode, Sender } from '@heliograph/message';
import type { ConnectorState, RouteFacts, RouteQuery } from './decision.ts';
import { fractionOf, hashOf, type Hash } from './hash.ts';
import { compileRewrite, type Rewrite } from './rewrite.ts';
import type { RouteRule } from './rule.ts';

/** The targets of a rule, ready to be chosen from. */
export interface Targets {
  readonly of: readonly Target[];
  readonly leastCost: boolean;
  readonly sticky: boolean;
  readonly qualityMin: number;
}

interface Target {
  readonly connector: string;
  readonly weight: number;
  readonly tier: number;
  readonly hash: Hash;
  readonly rewrite: Rewrite;
}

/** Why a target does not get the message; the last four, only when no other can. */
export type TargetFault =
  | 'no_such_connector'
  | 'disabled'
  | 'sender_not_allowed'
  | 'tried'
  | 'over_cost_max'
  | 'unavailable'
  | 'paused'
  | 'draining'
  | 'low_quality';

export function compileTargets(rule: RouteRule): Targets {
  return {
    of: rule.targets.map((target) => ({
      connector: target.connectorId,
      weight: target.weight,
      tier: target.tier,
      hash: hashOf(target.connectorId),
      rewrite: compileRewrite(rule, target),
    })),
    leastCost: rule.choose === 'least_cost',
    sticky: rule.sticky,
    qualityMin: rule.qualityMin,
  };
}

/** A target as it stands for one message. */
export interface Weighed {
  readonly target: Target;
  readonly state: ConnectorState | undefined;
  /** Why it can never have the message; whether its connector is well just now is another matter. */
  readonly fault: 'no_such_connector' | 'disabled' | 'sender_not_allowed' | undefined;
  readonly sender: Sender;
  /** 0: it can go out now; else it waits there, and the lower, the sooner it may go on. */
  readonly wait: number;
  readonly lowQuality: boolean;
  /** Asked for, and drawn, when it first matters. */
  price: bigint | undefined | 'unasked';
  lot: number | undefined;
}

/** What the targets of one rule are weighed for. `key`: of what the message's lots are drawn, made when it first matters. */
export interface Choosing {
  readonly targets: Targets;
  readonly query: RouteQuery;
  readonly facts: RouteFacts;
  key: Hash | undefined;
}

/** The first in the order of those that may get it now. `exhausted`: none, as each that could has had it or takes too much. Undefined: none could ever. */
export function choose(choosing: Choosing): Weighed | 'exhausted' | undefined {
  let best: Weighed | undefined;
  let could = false;
  for (const target of choosing.targets.of) {
    const weighed = weigh(target, choosing);
    if (weighed.fault !== undefined) continue;
    could = true;
    if (hindrance(weighed, choosing) !== undefined) continue;
    if (!best || compare(weighed, best, choosing) < 0) best = weighed;
  }
  return best ?? (could ? 'exhausted' : undefined);
}

/** All in the order in which they would be tried; those that may not get it come last. */
export function inOrder(choosing: Choosing): Weighed[] {
  const rank = (weighed: Weighed): number => (weighed.fault === undefined ? 0 : 1);
  return choosing.targets.of.map((target) => weigh(target, choosing)).sort((a, b) => rank(a) - rank(b) || compare(a, b, choosing));
}

function weigh(target: Target, { targets, query, facts }: Choosing): Weighed {
  const state = facts.connector(target.connector);
  const sender = target.rewrite(query.from);
  return {
    target,
    state,
    sender,
    fault: faultOf(state, sender),
    wait: state ? waitOf(state) : 0,
    lowQuality: targets.qualityMin > 0 && (facts.quality(target.connector) ?? 1) < targets.qualityMin,
    price: 'unasked',
    lot: undefined,
  };
}

function faultOf(state: ConnectorState | undefined, { addr }: Sender): Weighed['fault'] {
  if (!state) return 'no_such_connector';
  if (!state.enabled) return 'disabled';
  return state.senders?.has(addr) === false ? 'sender_not_allowed' : undefined;
}

/** One that is drained gets nothing new as long as there is any other. */
const waits: Readonly<Record<ConnectorMode, number>> = { running: 0, paused: 2, draining: 3 };

function waitOf({ mode, available }: ConnectorState): number {
  return waits[mode] || (available ? 0 : 1);
}

/** Why one that could have it does not get it this time. */
export function hindrance(weighed: Weighed, choosing: Choosing): 'tried' | 'over_cost_max' | undefined {
  const { again, segments } = choosing.query;
  if (!again) return undefined;
  if (again.tried.includes(weighed.target.connector)) return 'tried';
  if (again.costMaxMicroCredits === undefined) return undefined;
  // whose price nobody has said holds nothing up
  const cost = (priceOf(weighed, choosing) ?? 0n) * BigInt(segments);
  return again.spentMicroCredits + cost > again.costMaxMicroCredits ? 'over_cost_max' : undefined;
}

/** Micro-credits per segment; undefined: nobody has said. */
export function priceOf(weighed: Weighed, { facts, query }: Choosing): bigint | undefined {
  if (weighed.price === 'unasked') weighed.price = facts.buyPrice(weighed.target.connector, query.digits, query.nowMs);
  return weighed.price;
}

/** A total order: connectors of one rule differ. */
function compare(a: Weighed, b: Weighed, choosing: Choosing): number {
  return (
    a.wait - b.wait ||
    Number(a.lowQuality) - Number(b.lowQuality) ||
    a.target.tier - b.target.tier ||
    (choosing.targets.leastCost ? comparePrices(priceOf(a, choosing), priceOf(b, choosing)) : 0) ||
    lotOf(a, choosing) - lotOf(b, choosing) ||
    (a.target.connector < b.target.connector ? -1 : 1)
  );
}

/** Those that nobody has said come last. */
function comparePrices(a: bigint | undefined, b: bigint | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a < b ? -1 : 1;
}

/**
 * Weighted rendezvous hashing: each message draws a lot for each connector, and the lowest wins. By these logarithms it does so as often as its
 * weight says, and when a connector comes or goes, only the messages that it wins move.
 */
function lotOf(weighed: Weighed, choosing: Choosing): number {
  if (weighed.lot === undefined) {
    const { query, targets } = choosing;
    const { hash, weight } = weighed.target;
    choosing.key ??= hashOf(targets.sticky ? query.digits : query.messageId);
    weighed.lot = -Math.log(fractionOf(choosing.key, hash)) / weight;
  }
  return weighed.lot;
}
