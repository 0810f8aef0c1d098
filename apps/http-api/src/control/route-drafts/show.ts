import { countDraftChanges, type DraftChange, type RegistryTransaction, type RouteDraft } from '@heliograph/registry';
import type { z } from 'zod';
import { timeText } from '../../http/time.ts';
import { showRoute } from '../routes/operations.ts';
import type { draft, draftHead } from './schema.ts';

type ShownChange = z.infer<typeof draft>['changes'][number];

export async function showDraft(database: RegistryTransaction, draft: RouteDraft): Promise<z.infer<typeof draftHead>> {
  const { id, note, baseVersion, createdAt, createdBy } = draft;
  const counts = await countDraftChanges(database, draft);
  return { id, note, base: Number(baseVersion), createdAt: timeText(createdAt.getTime()), createdBy, ...counts };
}

export function showChange(one: DraftChange): ShownChange {
  const { id, before, after, conflict } = one;
  return {
    id,
    change: kindOf(one),
    before: before && showRoute({ id, rule: before }),
    after: after && showRoute({ id, rule: after }),
    conflict,
  };
}

function kindOf({ before, after }: DraftChange): ShownChange['change'] {
  if (before === null) return 'added';
  return after === null ? 'removed' : 'changed';
}
