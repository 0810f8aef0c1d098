import type { RouteQuery } from './decision.ts';
import type { Patterns } from './pattern.ts';
import type { RouteRule } from './rule.ts';
import { compileSenders } from './senders.ts';
import { compileTimeWindow } from './time-window.ts';

/** Filters of a rule, in the order in which they are looked at: the cheap ones first. Prefixes are no part of it: a rule is found by them. */
export type Filter = 'networks' | 'tenants' | 'classes' | 'senders' | 'times' | 'text';

/** The first filter that does not let the message pass, but for prefixes and networks. */
export type Misfit = (query: RouteQuery) => Filter | undefined;

type Check = readonly [filter: Filter, passes: (query: RouteQuery) => boolean];

export function compileFilters({ tenants, classes, senders, times, text }: RouteRule['when'], patterns: Patterns): Misfit {
  const checks: Check[] = [];
  if (tenants) {
    const wanted = new Set(tenants);
    checks.push(['tenants', ({ tenant }) => wanted.has(tenant)]);
  }
  if (classes) checks.push(['classes', (query) => classes.includes(query.class)]);
  if (senders) {
    const wanted = compileSenders(senders);
    checks.push(['senders', ({ from }) => wanted.has(from.addr)]);
  }
  if (times) {
    const windows = times.map(compileTimeWindow);
    checks.push(['times', ({ nowMs }) => windows.some((has) => has(nowMs))]);
  }
  if (text !== undefined) {
    const has = patterns.add(text);
    checks.push(['text', (query) => query.text !== undefined && has(query.text)]);
  }
  return (query) => {
    for (const [filter, passes] of checks) if (!passes(query)) return filter;
    return undefined;
  };
}
