import type { Accept, Acceptance, Submission } from '@heliograph/accept';
import { derivedId, historySubjects, type KnownAnswer, type KnownQuestion } from '@heliograph/message';
import { askTimeoutMs, type Asking } from '../http/ask.ts';
import type { Attempt } from '../http/endpoint.ts';

export interface SubmitOnceOptions {
  readonly accept: Pick<Accept, 'submit'>;
  readonly asking: Asking;
}

/**
 * Submits them under ids that another attempt finds again, and of those that another attempt submitted before says what it was told. undefined:
 * it is not known which those are; then nothing is submitted.
 */
export async function submitOnce(
  { accept, asking }: SubmitOnceOptions,
  submissions: readonly Submission[],
  { tenant, attempt }: { readonly tenant: string; readonly attempt: Attempt },
): Promise<Acceptance[] | undefined> {
  const { base, again, beginBeforeMs } = attempt;
  const ids = submissions.map((_, i) => derivedId(base, i));
  const known = again ? await knownOf(asking, { tenant, ids }) : new Map<string, Acceptance>();
  if (!known) return undefined;
  return Promise.all(
    submissions.map((one, i) => known.get(ids[i] ?? '') ?? accept.submit({ ...one, id: ids[i] as string, beginBeforeMs })),
  );
}

async function knownOf(asking: Asking, question: KnownQuestion): Promise<Map<string, Acceptance> | undefined> {
  const answer = await asking.ask<KnownAnswer>(historySubjects.known, question, askTimeoutMs);
  if (!answer?.complete) return undefined;
  return new Map(
    answer.messages.map(({ id, to, segments, microCredits }) => [id, { ok: true, id, to, segments, microCredits: BigInt(microCredits) }]),
  );
}
