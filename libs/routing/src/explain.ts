import type { ConnectorMode, Sender } from '@heliograph/message';
import { hindrance, inOrder, priceOf, type Choosing, type TargetFault, type Weighed } from './choose.ts';
import { decideBy, fits } from './decide.ts';
import type { RouteDecision, RouteFacts, RouteQuery } from './decision.ts';
import type { Filter } from './filter.ts';
import { fitsNetwork, type CompiledRule, type Network, type Place } from './place.ts';

/** How a decision came about. */
export interface RouteExplanation {
  readonly version: number;
  /** Of the number, where some rule asks for it; undefined also when nobody knows. */
  readonly network?: Network;
  readonly decision: RouteDecision;
  /** Rules whose prefixes fit the number, in the order in which they were looked at; the last one decided, unless none did. At most 100. */
  readonly rules: readonly ExplainedRule[];
  /** So many more were looked at: those of other tenants first, then the earliest are left out. */
  readonly rulesLeftOut: number;
}

export interface ExplainedRule {
  readonly id: string;
  readonly rank: number;
  readonly note?: string;
  readonly outcome: 'decided' | 'did_not_fit' | 'had_no_target';
  /** The first that did not fit. */
  readonly filter?: Filter;
  /** In the order in which they would be tried; only of rules that fit. */
  readonly targets?: readonly ExplainedTarget[];
}

export interface ExplainedTarget {
  readonly connector: string;
  readonly chosen: boolean;
  /** Whether it may get the message; with faults, only when no other can. */
  readonly eligible: boolean;
  readonly faults: readonly TargetFault[];
  readonly tier: number;
  readonly weight: number;
  readonly mode?: ConnectorMode;
  /** What the message goes out with. */
  readonly sender: Sender;
  readonly buyPerSegment?: bigint;
  readonly quality?: number;
}

const rulesMax = 100;

interface Order {
  readonly places: readonly Place[];
  /** The rule that routed the message before. */
  readonly before: CompiledRule | undefined;
  readonly version: number;
}

/** By the functions that decide, but rule by rule instead of by the index. */
export function explain(
  { places, before, version }: Order,
  query: RouteQuery,
  facts: RouteFacts,
  network: Network | undefined,
): RouteExplanation {
  /** By id, as a rule has several places: it fits by any. */
  const looked = new Map<string, ExplainedRule>();
  let decision: RouteDecision | undefined;
  const look = (compiled: CompiledRule, filter: Filter | undefined): void => {
    const { id } = compiled.rule;
    if (filter === undefined) decision = decideBy(compiled, query, facts);
    looked.delete(id);
    looked.set(id, explainRule(compiled, { filter, decision, query, facts }));
  };

  if (before && fits(before, query, network)) look(before, undefined);
  for (const place of places) {
    if (decision) break;
    if (!query.digits.startsWith(place.prefix)) continue;
    const known = looked.get(place.compiled.rule.id);
    if (!fitsNetwork(place, network)) {
      if (!known) look(place.compiled, 'networks');
    } else if (!known || known.filter === 'networks') {
      look(place.compiled, place.compiled.misfit(query));
    }
  }
  const { rules, rulesLeftOut } = shortened([...looked.values()]);
  return { version, ...(network ? { network } : {}), decision: decision ?? { ok: false, reason: 'unroutable' }, rules, rulesLeftOut };
}

function shortened(rules: readonly ExplainedRule[]): Pick<RouteExplanation, 'rules' | 'rulesLeftOut'> {
  const told = rules.length > rulesMax ? rules.filter(({ filter }) => filter !== 'tenants').slice(-rulesMax) : rules;
  return { rules: told, rulesLeftOut: rules.length - told.length };
}

interface Look {
  readonly filter: Filter | undefined;
  readonly decision: RouteDecision | undefined;
  readonly query: RouteQuery;
  readonly facts: RouteFacts;
}

function explainRule({ rule, targets }: CompiledRule, { filter, decision, query, facts }: Look): ExplainedRule {
  const { id, rank, note } = rule;
  const head = { id, rank, ...(note === undefined ? {} : { note }) };
  if (filter !== undefined) return { ...head, outcome: 'did_not_fit', filter };
  const choosing: Choosing = { targets, query, facts, key: undefined };
  const chosen = decision?.ok ? decision.connector : undefined;
  return {
    ...head,
    outcome: decision ? 'decided' : 'had_no_target',
    targets: inOrder(choosing).map((weighed) => explainTarget(weighed, chosen, choosing)),
  };
}

function explainTarget(weighed: Weighed, chosen: string | undefined, choosing: Choosing): ExplainedTarget {
  const { target, state, sender, fault, lowQuality } = weighed;
  const { connector, tier, weight } = target;
  const never = [fault, hindrance(weighed, choosing)].filter((one) => one !== undefined);
  const later: (TargetFault | false)[] = [
    state?.available === false && 'unavailable',
    state !== undefined && state.mode !== 'running' && state.mode,
    lowQuality && 'low_quality',
  ];
  const perSegment = priceOf(weighed, choosing);
  const quality = choosing.facts.quality(connector);
  return {
    connector,
    chosen: connector === chosen,
    eligible: never.length === 0,
    faults: [...never, ...later.filter((one) => one !== false)],
    tier,
    weight,
    ...(state ? { mode: state.mode } : {}),
    sender,
    ...(perSegment === undefined ? {} : { buyPerSegment: perSegment }),
    ...(quality === undefined ? {} : { quality }),
  };
}
