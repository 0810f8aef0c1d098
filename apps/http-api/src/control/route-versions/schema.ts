import { z } from 'zod';
import { named, time } from '../../http/schema.ts';
import { line, next, pageLimitMax } from '../schema.ts';
import { route } from '../routes/schema.ts';

export const versionNumber = z.int().min(1).describe('number of the version');
const count = z.int().min(0);
const note = z.string().describe('what its publisher said of it');

export const routeNote = line(200).default('').describe('what is to be remembered of it');

export const versionsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(20).describe('how many on a page'),
  before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional().describe('the cursor: only versions before this one'),
});

export const routeVersion = z.strictObject({
  version: versionNumber,
  publishedAt: time,
  publishedBy: z.string().describe('id of the credential, or name of the program'),
  note,
  rolledBackTo: z.union([versionNumber, z.null()]).describe('it is the same table as that one; null: it was not rolled back'),
  added: count.describe('rules, against the version before'),
  changed: count,
  removed: count,
});

export const routeVersionList = z.strictObject({
  versions: z.array(routeVersion).describe('newest first: the first of the first page holds now'),
  next: z.union([versionNumber, z.null()]).describe('give it as before to get the next page; null on the last'),
});

export const versionRoutes = z.strictObject({ routes: z.array(route).describe('by id'), next });

export const rollBackPost = z.strictObject({ note: routeNote });

/** What holds after something was published. */
export const published = z.strictObject({
  version: z.int().min(0).describe('of the route table that holds now'),
  added: count.describe('rules, against what held before; nothing at all: there is no new version'),
  changed: count,
  removed: count,
});

named.add(routeVersion, { id: 'RouteVersion' });
named.add(routeVersionList, { id: 'RouteVersionList' });
named.add(versionRoutes, { id: 'RouteVersionRoutes' });
named.add(rollBackPost, { id: 'RouteRollBackPost' });
named.add(published, { id: 'RoutesPublished' });
