import { routeRule, type RouteRule } from '@heliograph/routing';
import { z } from 'zod';
import { named } from '../../http/schema.ts';
import { id, next, prefix } from '../schema.ts';

const { when, targets } = routeRule.shape;

/** A rule, where the commonest one needs two words only. */
export const routePut = z
  .strictObject({
    ...routeRule.shape,
    prefix: prefix.optional().describe('short for when.prefixes of this one alone'),
    connectorId: id.optional().describe('short for targets of this one alone'),
  })
  .superRefine((given, context) => {
    // what is wrong with a field would be said again of the rule that it is put into
    if (context.issues.length > 0) return;
    if (given.prefix !== undefined && given.when.prefixes !== undefined)
      context.addIssue({ code: 'custom', path: ['prefix'], message: 'is short for when.prefixes, which is there as well' });
    if (given.connectorId !== undefined && given.targets.length > 0)
      context.addIssue({ code: 'custom', path: ['connectorId'], message: 'is short for targets, which are there as well' });
    const { error } = routeRule.safeParse(lengthened(given));
    for (const { path, message } of error?.issues ?? []) context.addIssue({ code: 'custom', path: [...path], message });
  });
export type RoutePut = z.output<typeof routePut>;

/** The whole rule. */
export function ruleOf(given: RoutePut): RouteRule {
  return routeRule.parse(lengthened(given));
}

function lengthened({ prefix: short, connectorId, ...rule }: RoutePut) {
  return {
    ...rule,
    ...(short === undefined ? {} : { when: { ...rule.when, prefixes: [short] } }),
    ...(connectorId === undefined ? {} : { targets: [{ connectorId }] }),
  };
}

/** Where in what was given stands what the whole rule has there. */
export function fieldIn({ prefix: short, connectorId }: RoutePut): (id: string, field: string) => string {
  const names: Record<string, string> = {
    ...(short === undefined ? {} : { '/when/prefixes/0': '/prefix' }),
    ...(connectorId === undefined ? {} : { '/targets/0/connectorId': '/connectorId' }),
  };
  return (_, field) => names[field] ?? field;
}

export const route = z.strictObject({ id, ...routeRule.shape });

export const routeList = z.strictObject({ routes: z.array(route).describe('by id'), next });

named.add(routeRule, { id: 'RouteRule' });
named.add(when, { id: 'RouteFilters' });
named.add(targets, { id: 'RouteTargets' });
named.add(routePut, { id: 'RoutePut' });
named.add(route, { id: 'Route' });
named.add(routeList, { id: 'RouteList' });
