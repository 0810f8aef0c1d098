import type { Accept, Cancel } from '@heliograph/accept';
import {
  historySubjects,
  isFinal,
  isId,
  type MessageAnswer,
  type MessageListAnswer,
  type MessageListQuestion,
  type MessageQuestion,
  type MessageState,
  type TraceAnswer,
} from '@heliograph/message';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { messageEndpoints } from './endpoints.ts';
import { previewOf } from './preview.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import { showMessage, showTrace } from './show.ts';
import { submitOnce } from './submit-once.ts';
import { answerOf, submissionsOf } from './submit.ts';

export interface MessageOperationsOptions {
  readonly accept: Pick<Accept, 'submit' | 'preview' | 'paceLeft'>;
  readonly cancel: Cancel['cancel'];
  readonly asking: Asking;
  readonly privateWebhooks: boolean;
  readonly now?: () => number;
}

export function createMessageOperations(options: MessageOperationsOptions): Operations<typeof messageEndpoints> {
  const { accept, cancel, asking, privateWebhooks, now = Date.now } = options;
  return {
    async submit({ caller, tenant, body, attempt }) {
      const made = submissionsOf(body, { credential: caller.credential, nowMs: now(), privateWebhooks });
      if (!made.ok) return made;
      const acceptances = attempt
        ? await submitOnce({ accept, asking }, made.submissions, { tenant, attempt })
        : await Promise.all(made.submissions.map((one) => accept.submit(one)));
      const answer: ApiAnswer = acceptances ? answerOf(body, acceptances) : { ...nobodyAnswers, unsettled: true };
      return { ...answer, headers: rateLimitHeaders(accept.paceLeft(caller.credential)) };
    },
    async preview({ caller, body }) {
      const made = submissionsOf(body, { credential: caller.credential, nowMs: now(), privateWebhooks });
      return made.ok ? { ok: true, body: previewOf(body, made.submissions.map(accept.preview)) } : made;
    },
    async list({ caller, tenant, query: { since, until, ...like } }) {
      const question = {
        tenant,
        ...like,
        ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
        ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
      } as MessageListQuestion;
      const answer = await asking.ask<MessageListAnswer>(historySubjects.list, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      return {
        ok: true,
        body: { messages: answer.messages.map((one) => showMessage(one, caller.role === 'operator-admin')), next: answer.next ?? null },
      };
    },
    async message({ caller, tenant, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      const question: MessageQuestion = { tenant, id };
      const answer = await asking.ask<MessageAnswer>(historySubjects.get, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      return answer.message ? { ok: true, body: showMessage(answer.message, caller.role === 'operator-admin') } : notFound;
    },
    async cancel({ tenant, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      // a receiptId of several messages is not the id of one
      const outcome = await cancel({ tenant, id }, (message) => message.id === id);
      switch (outcome.kind) {
        case 'cancelled':
        case 'cancelling':
          return { ok: true, body: showMessage(outcome.message) };
        case 'not_cancellable':
          return { ok: false, problem: problem('not_cancellable', `the message is ${stateInWords(outcome.message.state)}`) };
        case 'not_found':
          return notFound;
        case 'unavailable':
          return nobodyAnswers;
      }
    },
    async trace({ tenant, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      const question: MessageQuestion = { tenant, id };
      const answer = await asking.ask<TraceAnswer>(historySubjects.trace, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      return answer.message ? { ok: true, body: showTrace(answer.message, answer.hops) } : notFound;
    },
  };
}

/** It may be with the provider before it has said so. */
function stateInWords(state: MessageState): string {
  return isFinal(state) || state === 'sent' ? state : 'being sent';
}

const notFound: ApiAnswer = { ok: false, problem: problem('not_found', 'you have no message with this id') };
