import { routeRule } from '@heliograph/routing';
import { z } from 'zod';
import { credits, named, number, time } from '../../http/schema.ts';
import { id, next } from '../schema.ts';
import { route } from '../routes/schema.ts';
import { routeNote } from '../route-versions/schema.ts';

/** Of one table. */
export const routesMax = 20_000;
/** A rule of a usual size takes some 300 octets of JSON. */
export const routesOctetsMax = 16 * 1024 * 1024;

const count = z.int().min(0);

export const draftPost = z.strictObject({ note: routeNote });

const draftFields = {
  id,
  note: z.string(),
  base: count.describe('version of the route table from which it was begun'),
  createdAt: time,
  createdBy: z.string().describe('id of the credential'),
  added: count.describe('rules, against its base'),
  changed: count,
  removed: count,
  conflicts: count.describe('rules of which somebody else has published another change since'),
};

export const draftHead = z.strictObject(draftFields);

const draftChange = z.strictObject({
  id,
  change: z.enum(['added', 'changed', 'removed']),
  before: z.union([route, z.null()]).describe('in its base; null: it was not there'),
  after: z.union([route, z.null()]).describe('null: it is removed'),
  conflict: z.boolean().describe('somebody else has published another change of it since'),
});

export const draft = z.strictObject({ ...draftFields, changes: z.array(draftChange).describe('a page of them, by id'), next });

export const draftList = z.strictObject({ drafts: z.array(draftHead).describe('by id'), next });

export const draftTable = z.strictObject({
  routes: z
    .record(id, routeRule)
    .refine((routes) => Object.keys(routes).length <= routesMax, `must be ${routesMax} at most`)
    .describe(`every rule by its id, up to ${routesMax}: what is not among them is removed`),
});

export const draftPublish = z.strictObject({
  force: z.boolean().default(false).describe('true: its changes stand before those that others have published since'),
});

export const draftTry = z.strictObject({
  limit: z.int().min(1).max(10_000).default(1_000).describe('how many of the newest messages, of all tenants together'),
});

const connector = z.union([z.string(), z.null()]).describe('null: nobody gets it');
const rule = z.union([z.string(), z.null()]).describe('route that decides; null: none fits');

const move = z.strictObject({ from: connector, to: connector, messages: count });

const sample = z.strictObject({
  id: z.string().describe('message id'),
  tenant: z.string(),
  to: number.describe('the number, its last digits only'),
  fromRoute: rule,
  toRoute: rule,
  fromConnector: connector,
  toConnector: connector,
});

const cost = credits.describe('what providers take, as far as it is known, at the prices of now');

export const tried = z.strictObject({
  messages: count.describe('messages that were looked at, the newest there are'),
  changed: count.describe('of them, those that another connector would get, or nobody'),
  unroutable: z.strictObject({ before: count, after: count }).describe('messages that nobody gets'),
  moves: z.array(move).describe('which connectors get them instead, the most messages first'),
  cost: z.strictObject({ before: cost, after: cost }),
  samples: z.array(sample).describe('some that change'),
  facts: z.enum(['known', 'unknown']).describe('unknown: the router does not answer what quality connectors have'),
});

named.add(draftPost, { id: 'RouteDraftPost' });
named.add(draftHead, { id: 'RouteDraftHead' });
named.add(draftChange, { id: 'RouteDraftChange' });
named.add(draft, { id: 'RouteDraft' });
named.add(draftList, { id: 'RouteDraftList' });
named.add(draftTable, { id: 'RouteDraftTable' });
named.add(draftPublish, { id: 'RouteDraftPublish' });
named.add(draftTry, { id: 'RouteDraftTry' });
named.add(tried, { id: 'RouteDraftTried' });
