import {
  changesTo,
  listRouteVersions,
  readRules,
  rollBackRoutes,
  routeVersion,
  type PublishedVersion,
  type RegistryTransaction,
} from '@heliograph/registry';
import type { z } from 'zod';
import type { Operations } from '../../http/endpoint.ts';
import { timeText } from '../../http/time.ts';
import { actorOf } from '../actor.ts';
import { badId, notFound, readId, unchanged } from '../answers.ts';
import { pageOf } from '../page.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import { showRoute } from '../routes/operations.ts';
import { unknownReferences } from '../routes/references.ts';
import type { routeVersionEndpoints } from './endpoints.ts';
import { published } from './published.ts';
import type { routeVersion as shownVersion } from './schema.ts';

export function createRouteVersionOperations({ changes }: { readonly changes: RegistryChanges }): Operations<typeof routeVersionEndpoints> {
  return {
    routeVersions: ({ query: { limit, before } }) =>
      changes.look(async (database) => {
        const rows = await listRouteVersions(database, { limit: limit + 1, ...(before === undefined ? {} : { before: BigInt(before) }) });
        const versions = rows.slice(0, limit).map(showVersion);
        return { ok: true, body: { versions, next: rows.length > limit ? (versions.at(-1)?.version ?? null) : null } };
      }),
    async versionRoutes({ params, query: { limit, after } }) {
      if (readId(params.id) === undefined) return badId;
      return changes.look(async (database) => {
        const version = await findVersion(database, params.id);
        if (version === undefined) return notFound('route_version');
        const { rows, next } = pageOf(await readRules(database, { version, after, limit: limit + 1 }), limit);
        return { ok: true, body: { routes: rows.map(showRoute), next } };
      });
    },
    async rollBackRoutes({ params, body: { note }, ...by }) {
      if (readId(params.id) === undefined) return badId;
      return changes.make(by, async (transaction) => {
        const to = await findVersion(transaction, params.id);
        if (to === undefined) return unchanged(notFound('route_version'));
        const before = await routeVersion(transaction);
        const unknown = await unknownReferences(transaction, await changesTo(transaction, to), () => '{id}');
        if (unknown) return unchanged(unknown);
        const version = await rollBackRoutes(transaction, { to, by: actorOf(by).credential, note });
        return published(transaction, { before, version, action: 'routes.rolled_back', detail: { rolledBackTo: Number(to), note } });
      });
    },
  };
}

async function findVersion(database: RegistryTransaction, given: string | undefined): Promise<bigint | undefined> {
  if (!/^[0-9]{1,15}$/.test(given ?? '')) return undefined;
  const found = await database.routeVersion.findUnique({ where: { version: BigInt(given ?? '') } });
  return found?.version;
}

function showVersion({ version, publishedAt, rolledBackTo, ...row }: PublishedVersion): z.infer<typeof shownVersion> {
  const { publishedBy, note, added, changed, removed } = row;
  return {
    version: Number(version),
    publishedAt: timeText(publishedAt.getTime()),
    publishedBy,
    note,
    rolledBackTo: rolledBackTo === null ? null : Number(rolledBackTo),
    added,
    changed,
    removed,
  };
}
