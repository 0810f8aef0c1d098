import { publishRoutes, readRule, readRules, type StoredRule } from '@heliograph/registry';
import { routeRule } from '@heliograph/routing';
import type { z } from 'zod';
import type { Operations } from '../../http/endpoint.ts';
import { actorOf } from '../actor.ts';
import { badId, notFound, put, readId, removed, unchanged } from '../answers.ts';
import { pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { routeEndpoints } from './endpoints.ts';
import { createExplain, type ExplainOptions } from './explain.ts';
import { unknownReferences } from './references.ts';
import { fieldIn, ruleOf, type route } from './schema.ts';

export interface RouteOperationsOptions extends ExplainOptions {
  readonly changes: RegistryChanges;
}

export function createRouteOperations(options: RouteOperationsOptions): Operations<typeof routeEndpoints> {
  const { changes } = options;
  return {
    routes: ({ query: { limit, after } }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await readRules(database, { after, limit: limit + 1 }), limit);
        return { ok: true, body: { routes: rows.map(showRoute), next } };
      }),
    async route({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const rule = await readRule(database, id);
        return rule ? { ok: true, body: showRoute({ id, rule }) } : notFound('route');
      });
    },
    async putRoute({ params, body, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      const rule = ruleOf(body);
      return changes.make(by, async (transaction) => {
        const unknown = await unknownReferences(transaction, [{ id, rule }], fieldIn(body));
        if (unknown) return unchanged(unknown);
        const before = await readRule(transaction, id);
        await publishRoutes(transaction, { changes: [{ id, rule }], by: actorOf(by).credential });
        return put({ noun: 'route', id, before: before ? showRoute({ id, rule: before }) : null, after: showRoute({ id, rule }) });
      });
    },
    async deleteRoute({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const before = await readRule(transaction, id);
        if (!before) return unchanged(notFound('route'));
        await publishRoutes(transaction, { changes: [{ id, rule: null }], by: actorOf(by).credential });
        return removed('route', id, showRoute({ id, rule: before }));
      });
    },
    explainRoute: createExplain(options),
  };
}

/** What was left out when it was stored is filled in; one that no longer fits is shown as it is: somebody has to mend it. */
export function showRoute({ id, rule }: StoredRule): z.infer<typeof route> {
  return { id, ...(routeRule.safeParse(rule).data ?? rule) };
}
