import { newId, type RouteFactsAnswer } from '@heliograph/message';
import {
  publishRoutes,
  putDraftRule,
  putDraftTable,
  readDraftChanges,
  readRules,
  routeVersion,
  withChanges,
  type Audited,
  type DraftChange,
  type RegistryTransaction,
  type RouteDraft,
  type RuleChange,
} from '@heliograph/registry';
import type { RouteTable } from '@heliograph/routing';
import { nobodyAnswers } from '../../http/ask.ts';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { problem } from '../../http/problem.ts';
import { actorOf, type By } from '../actor.ts';
import { badId, badIdOf, notFound, readId, removed, unchanged } from '../answers.ts';
import { pageArguments, pageOf } from '../page.ts';
import { askFacts, factsOf } from '../routes/facts.ts';
import type { RouteOperationsOptions } from '../routes/operations.ts';
import { unknownReferences } from '../routes/references.ts';
import { fieldIn, ruleOf } from '../routes/schema.ts';
import { compileStored } from '../routes/table.ts';
import { published } from '../route-versions/published.ts';
import type { routeDraftEndpoints } from './endpoints.ts';
import { eachRecorded } from './recorded.ts';
import { showChange, showDraft } from './show.ts';
import { createTrial } from './try.ts';

export function createRouteDraftOperations({
  changes,
  asking,
  registry,
  now = Date.now,
}: RouteOperationsOptions): Operations<typeof routeDraftEndpoints> {
  /** Changes a draft that is there. */
  function alter(by: By, given: string | undefined, { rules, fieldOf, record, write }: Alteration) {
    const id = readId(given);
    if (id === undefined) return Promise.resolve(badId);
    return changes.make(by, async (transaction) => {
      const draft = await transaction.routeDraft.findUnique({ where: { id } });
      if (!draft) return unchanged(notFound('route_draft'));
      const before = await showDraft(transaction, draft);
      const unknown = await unknownReferences(transaction, rules, fieldOf);
      if (unknown) return unchanged(unknown);
      await write(transaction, draft);
      const body = await showDraft(transaction, draft);
      const change = { tenantId: '', action: 'route_draft.changed', subject: id, before, after: { ...body, ...record } } as const;
      return { result: { ok: true, body }, changes: [change] };
    });
  }

  /** One rule; null: it goes. */
  function alterRule(
    by: By,
    params: Readonly<Record<string, string | undefined>>,
    { rule, fieldOf }: Pick<RuleChange, 'rule'> & Pick<Alteration, 'fieldOf'>,
  ) {
    const id = readId(params.routeId);
    if (readId(params.id) !== undefined && id === undefined) return Promise.resolve(badIdOf('{routeId}'));
    const change = { id: id ?? '', rule };
    return alter(by, params.id, {
      rules: [change],
      fieldOf,
      record: { route: change.id, rule },
      write: (transaction, draft) => putDraftRule(transaction, draft, change),
    });
  }

  return {
    routeDrafts: ({ query }) =>
      changes.look(async (database) => {
        const { rows, next } = pageOf(await database.routeDraft.findMany(pageArguments(query)), query.limit);
        const drafts = await Promise.all(rows.map((draft) => showDraft(database, draft)));
        return { ok: true, body: { drafts, next } };
      }),
    addRouteDraft: ({ body: { note }, ...by }) =>
      changes.make(by, async (transaction) => {
        const { credential } = actorOf(by);
        const data = { id: newId(), baseVersion: await routeVersion(transaction), note, createdBy: credential };
        const after = await showDraft(transaction, await transaction.routeDraft.create({ data }));
        return {
          result: { ok: true, body: after, location: `/v1/route-drafts/${data.id}` },
          changes: [{ tenantId: '', action: 'route_draft.created', subject: data.id, after }],
        };
      }),
    async routeDraft({ params, query: { limit, after } }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        const draft = await database.routeDraft.findUnique({ where: { id } });
        if (!draft) return notFound('route_draft');
        const { rows, next } = pageOf(await readDraftChanges(database, draft, { after, limit: limit + 1 }), limit);
        return { ok: true, body: { ...(await showDraft(database, draft)), changes: rows.map(showChange), next } };
      });
    },
    async deleteRouteDraft({ params, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const draft = await transaction.routeDraft.findUnique({ where: { id } });
        if (!draft) return unchanged(notFound('route_draft'));
        const before = await showDraft(transaction, draft);
        await transaction.routeDraft.delete({ where: { id } });
        return removed('route_draft', id, before);
      });
    },
    putDraftRoute: ({ params, body, ...by }) => alterRule(by, params, { rule: ruleOf(body), fieldOf: fieldIn(body) }),
    deleteDraftRoute: ({ params, ...by }) => alterRule(by, params, { rule: null, fieldOf: (_, field) => field }),
    async putDraftRoutes({ params, body: { routes }, ...by }) {
      const rules = Object.entries(routes).map(([id, rule]) => ({ id, rule }));
      return alter(by, params.id, {
        rules,
        fieldOf: (id, field) => `/routes/${id}${field}`,
        record: { routes: rules.length },
        write: (transaction, draft) => putDraftTable(transaction, draft, rules),
      });
    },
    async publishRouteDraft({ params, body: { force }, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.make(by, async (transaction): Promise<Audited<ApiAnswer>> => {
        const draft = await transaction.routeDraft.findUnique({ where: { id } });
        if (!draft) return unchanged(notFound('route_draft'));
        const drafted = await readDraftChanges(transaction, draft);
        const conflicts = drafted.filter(({ conflict }) => conflict);
        if (conflicts.length > 0 && !force) return unchanged(conflictOf(conflicts));
        const rules = drafted.map((one): RuleChange => ({ id: one.id, rule: one.after }));
        const unknown = await unknownReferences(transaction, rules, () => '{id}');
        if (unknown) return unchanged(unknown);
        const shown = await showDraft(transaction, draft);
        const before = await routeVersion(transaction);
        const version = await publishRoutes(transaction, { changes: rules, by: actorOf(by).credential, note: draft.note });
        await transaction.routeDraft.delete({ where: { id } });
        const done = await published(transaction, { before, version, action: 'routes.published', detail: { draft: id, note: draft.note } });
        const gone = { tenantId: '', action: 'route_draft.deleted', subject: id, before: shown } as const;
        return { ...done, changes: [...done.changes, gone] };
      });
    },
    async tryRouteDraft({ params, body: { limit } }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      let tables: { readonly before: RouteTable; readonly after: RouteTable } | undefined;
      const found = await changes.look(async (database) => {
        const draft = await database.routeDraft.findUnique({ where: { id } });
        if (!draft) return notFound('route_draft');
        const [rules, drafted] = [await readRules(database), await readDraftChanges(database, draft)];
        const version = Number(await routeVersion(database));
        tables = { before: compileStored(rules, version), after: compileStored(withChanges(rules, drafted), version) };
        return { ok: true };
      });
      if (!tables) return found;
      const known = await askFacts(asking);
      const facts = factsOf(registry.current, known && answering(known));
      const trial = createTrial({ ...tables, facts, nowMs: now() });
      if (!(await eachRecorded(asking, limit, trial.add))) return nobodyAnswers;
      return { ok: true, body: { ...trial.result, facts: known ? 'known' : 'unknown' } };
    },
  };
}

interface Alteration {
  /** What they refer to must be there. */
  readonly rules: readonly RuleChange[];
  /** Where in the body a field of a rule stands. */
  readonly fieldOf: (id: string, field: string) => string;
  /** What is put on record beside the counts. */
  readonly record: object;
  write(transaction: RegistryTransaction, draft: RouteDraft): Promise<void>;
}

/** A provider that is away just now says nothing about the routes. */
function answering({ connectors }: RouteFactsAnswer): RouteFactsAnswer {
  return { connectors: Object.fromEntries(Object.entries(connectors).map(([id, one]) => [id, { ...one, available: true }])) };
}

/** As many as a body's faults are said. */
const conflictsShown = 100;

function conflictOf(conflicts: readonly DraftChange[]): ApiAnswer {
  const errors = conflicts
    .slice(0, conflictsShown)
    .map(({ id }) => ({ field: '{id}', message: `somebody else has published another change of the route ${id}` }));
  const detail = `somebody else has changed ${conflicts.length} of its routes since it was begun; force makes its changes stand`;
  return { ok: false, problem: problem('conflict', detail, errors) };
}
