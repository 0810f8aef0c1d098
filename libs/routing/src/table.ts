import { decideBy, fits } from './decide.ts';
import type { RouteDecision, RouteFacts, RouteQuery } from './decision.ts';
import { explain, type RouteExplanation } from './explain.ts';
import { createPatterns } from './pattern.ts';
import { indexPlaces } from './place-index.ts';
import { comparePlaces, compileRule, fitsNetwork, placesOf, type Network } from './place.ts';
import type { Rule } from './rule.ts';

/** The rules of one version, made ready to decide. Immutable. */
export interface RouteTable {
  /** 0: none was ever published. */
  readonly version: number;
  /** Rules. */
  readonly size: number;
  rule(id: string): Rule | undefined;
  /**
   * The first rule that fits and has a target that could take the message decides; one without is passed over. A message that was at connectors
   * before stays with the rule that decides.
   */
  decide(query: RouteQuery, facts: RouteFacts): RouteDecision;
  /** The same decision with its whole story. It looks at every rule. */
  explain(query: RouteQuery, facts: RouteFacts): RouteExplanation;
}

/** Rules as `routeRule` has checked them, in any order, ids all different. */
export function compileRoutes(rules: Iterable<Rule>, version: number): RouteTable {
  const patterns = createPatterns();
  const byId = new Map(Array.from(rules, (rule) => [rule.id, compileRule(rule, patterns)]));
  const places = [...byId.values()].flatMap(placesOf).sort(comparePlaces);
  const index = indexPlaces(places);
  const byNetwork = places.some(({ network }) => network !== '');
  const networkOf = (digits: string, facts: RouteFacts): Network | undefined => (byNetwork ? facts.network(digits) : undefined);

  return {
    version,
    size: byId.size,
    rule: (id) => byId.get(id)?.rule,
    decide(query, facts) {
      const network = networkOf(query.digits, facts);
      const before = query.again && byId.get(query.again.rule);
      const stays = before && fits(before, query, network) ? decideBy(before, query, facts) : undefined;
      if (stays) return stays;
      index.begin(query, network);
      for (let place = index.next(); place; place = index.next()) {
        if (!fitsNetwork(place, network) || place.compiled.misfit(query) !== undefined) continue;
        const decision = decideBy(place.compiled, query, facts);
        if (decision) return decision;
      }
      return unroutable;
    },
    explain: (query, facts) =>
      explain({ places, before: query.again && byId.get(query.again.rule), version }, query, facts, networkOf(query.digits, facts)),
  };
}

const unroutable: RouteDecision = { ok: false, reason: 'unroutable' };
