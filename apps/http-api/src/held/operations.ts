import type { Review, Reviewed, Reviewer } from '@heliograph/accept';
import { historySubjects, type HeldAnswer, type HeldQuestion, type LoggedMessage } from '@heliograph/message';
import type { RegistryChanges } from '../control/registry-changes.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer, ApiRequest, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import { showMessage } from '../messages/show.ts';
import type { heldEndpoints } from './endpoints.ts';

export interface HeldOperationsOptions {
  readonly asking: Asking;
  readonly review: Review;
  readonly changes: RegistryChanges;
}

export function createHeldOperations({ asking, review, changes }: HeldOperationsOptions): Operations<typeof heldEndpoints> {
  async function decide(verdict: 'release' | 'reject', { params: { id = '' }, caller, tenant, ...by }: ApiRequest): Promise<ApiAnswer> {
    const reviewer: Reviewer = { tenant: tenant === '' ? undefined : tenant, by: caller.tenant === '' ? 'operator' : 'tenant' };
    const found = await review.look(id, reviewer);
    if (found.kind !== 'held') return answers[found.kind];
    // on record first: there is never a decision of which nobody knows who made it
    const recorded = await changes.make({ caller, ...by }, async () => ({
      result: { ok: true },
      changes: [{ tenantId: found.message.tenant, action: `held.${verdict}_asked`, subject: id }],
    }));
    if (!recorded.ok) return recorded;
    const { kind } = await review[verdict](id, reviewer);
    return kind === 'released' || kind === 'rejected' ? { ok: true, body: { id, outcome: kind } } : answers[kind];
  }

  return {
    async held({ tenant, query: { limit, before } }) {
      const question: HeldQuestion = { limit, ...(tenant === '' ? {} : { tenant }), ...(before === undefined ? {} : { before }) };
      const answer = await asking.ask<HeldAnswer>(historySubjects.held, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      return { ok: true, body: { messages: answer.messages.map(showHeld), next: answer.next ?? null } };
    },
    releaseHeld: (request) => decide('release', request),
    rejectHeld: (request) => decide('reject', request),
  };
}

function showHeld(logged: LoggedMessage): object {
  return { ...showMessage(logged), tenant: logged.tenant, heldBy: logged.held };
}

const answers: Readonly<Record<Exclude<Reviewed['kind'], 'released' | 'rejected'>, ApiAnswer>> = {
  not_found: { ok: false, problem: problem('not_found', 'no message with this id waits') },
  not_held: { ok: false, problem: problem('not_held', 'it does not wait for a review, or somebody else was quicker') },
  not_permitted: { ok: false, problem: problem('not_permitted', 'the settings of the operator hold it: only an operator releases it') },
  unavailable: nobodyAnswers,
};
