import { listRouteVersions, type Audited, type RegistryTransaction } from '@heliograph/registry';
import type { z } from 'zod';
import type { ApiAnswer } from '../../http/endpoint.ts';
import { unchanged } from '../answers.ts';
import type { published as shown } from './schema.ts';

export interface Done {
  readonly before: bigint;
  /** The same as before: nothing has changed. */
  readonly version: bigint;
  readonly action: `routes.${string}`;
  /** What else is put on record. */
  readonly detail: object;
}

/** The answer and the record of several changes at once. Which ones, the versions keep. */
export async function published(transaction: RegistryTransaction, { before, version, action, detail }: Done): Promise<Audited<ApiAnswer>> {
  if (version === before) return unchanged({ ok: true, body: answerOf(version) });
  const [row] = await listRouteVersions(transaction, { limit: 1 });
  const answer = answerOf(version, row);
  const after = { ...answer, ...detail };
  const change = { tenantId: '', action, subject: String(version), before: { version: Number(before) }, after };
  return { result: { ok: true, body: answer }, changes: [change] };
}

function answerOf(
  version: bigint,
  { added, changed, removed }: Pick<z.infer<typeof shown>, 'added' | 'changed' | 'removed'> = { added: 0, changed: 0, removed: 0 },
): z.infer<typeof shown> {
  return { version: Number(version), added, changed, removed };
}
