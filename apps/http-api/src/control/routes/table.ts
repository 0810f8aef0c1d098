import type { StoredRule } from '@heliograph/registry';
import { compileRoutes, routeRule, type RouteTable } from '@heliograph/routing';

/** As every service makes it of what is stored: what is no rule any more is left out. */
export function compileStored(rules: readonly StoredRule[], version: number): RouteTable {
  const parsed = rules.flatMap(({ id, rule }) => {
    const { data } = routeRule.safeParse(rule);
    return data ? [{ id, ...data }] : [];
  });
  return compileRoutes(parsed, version);
}
