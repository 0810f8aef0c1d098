import { choose, type Choosing } from './choose.ts';
import type { RouteDecision, RouteFacts, RouteQuery } from './decision.ts';
import { fitsNetwork, type CompiledRule, type Network } from './place.ts';

/** Whether the rule is for the message. */
export function fits({ rule, misfit }: CompiledRule, query: RouteQuery, network: Network | undefined): boolean {
  const { prefixes = [''], networks = [''] } = rule.when;
  return (
    prefixes.some((prefix) => query.digits.startsWith(prefix)) &&
    networks.some((wanted) => fitsNetwork({ network: wanted }, network)) &&
    misfit(query) === undefined
  );
}

/** What a rule that fits decides. Undefined: none of its targets could take the message, so that the next rule is asked. */
export function decideBy({ rule, targets, cascadeOf }: CompiledRule, query: RouteQuery, facts: RouteFacts): RouteDecision | undefined {
  if (rule.reject) return { ok: false, reason: 'blocked', rule: rule.id };
  const choosing: Choosing = { targets, query, facts, key: undefined };
  const chosen = choose(choosing);
  if (chosen === undefined) return undefined;
  if (chosen === 'exhausted') return { ok: false, reason: 'exhausted', rule: rule.id };
  return {
    ok: true,
    rule: rule.id,
    connector: chosen.target.connector,
    ...(chosen.sender === query.from ? {} : { sender: chosen.sender }),
    ...(cascadeOf ? { cascade: cascadeOf(query) } : {}),
  };
}
