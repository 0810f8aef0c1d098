import type { Accept, Cancel } from '@heliograph/accept';
import {
  historySubjects,
  isFinal,
  isId,
  leaseSubjects,
  type BalanceAnswer,
  type BalanceQuestion,
  type MessageAnswer,
  type MessageListAnswer,
  type MessageListQuestion,
  type MessageQuestion,
  type MessageState,
  type TraceAnswer,
} from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import type { z } from 'zod';
import type { Caller } from './authenticate.ts';
import type { EndpointName } from './endpoint.ts';
import { problem, type Problem } from './problem.ts';
import type { listQuery, SubmissionBody, webhookChange } from './schema.ts';
import type { Sessions } from './sessions.ts';
import { showBalance, showMessage, showSession, showTrace } from './show.ts';
import { answerOf, submissionsOf } from './submit.ts';
import { isWebhookUrl, webhookUrlRule } from '@heliograph/webhook';
import type { Webhooks } from './webhooks.ts';

/** A request that is authenticated and whose body and query fit their schemas. */
export interface ApiRequest {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: unknown;
  readonly body: unknown;
}

export type ApiAnswer =
  | { readonly ok: true; readonly body?: object; readonly location?: string }
  | { readonly ok: false; readonly problem: Problem; readonly retryAfterMs?: number };

export type Api = Readonly<Record<EndpointName, (request: ApiRequest) => Promise<ApiAnswer>>>;

export interface ApiOptions {
  readonly accept: Pick<Accept, 'submit'>;
  readonly cancel: Cancel['cancel'];
  readonly asking: Pick<Queue, 'ask'>;
  readonly webhooks: Webhooks;
  readonly sessions: Sessions;
  readonly privateWebhooks: boolean;
  readonly now?: () => number;
}

/** message-log waits up to two seconds for a message that was accepted a moment ago. */
const askTimeoutMs = 5_000;

/** What each endpoint does. */
export function createApi({ accept, cancel, asking, webhooks, sessions, privateWebhooks, now = Date.now }: ApiOptions): Api {
  /** Of every question the tenant is a part: nobody sees another's. */
  async function ask<Question, Answer>(subject: string, question: Question & object): Promise<Answer | undefined> {
    return asking.ask<Answer>(subject, question, askTimeoutMs);
  }

  return {
    async submit({ caller, body }) {
      const given = body as SubmissionBody;
      const made = submissionsOf(given, { credential: caller.credential, nowMs: now(), privateWebhooks });
      if (!made.ok) return made;
      return answerOf(given, await Promise.all(made.submissions.map((one) => accept.submit(one))));
    },
    async list({ caller, query }) {
      const { limit, before } = query as z.infer<typeof listQuery>;
      const question = { tenant: caller.tenant, limit, ...(before === undefined ? {} : { before }) };
      const answer = await ask<MessageListQuestion, MessageListAnswer>(historySubjects.list, question);
      if (!answer) return nobodyAnswers;
      return {
        ok: true,
        body: { messages: answer.messages.map(showMessage), next: answer.more ? (answer.messages.at(-1)?.id ?? null) : null },
      };
    },
    async message({ caller, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      const answer = await ask<MessageQuestion, MessageAnswer>(historySubjects.get, { tenant: caller.tenant, id });
      if (!answer) return nobodyAnswers;
      return answer.message ? { ok: true, body: showMessage(answer.message) } : notFound;
    },
    async cancel({ caller, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      // a receiptId of several messages is not the id of one
      const outcome = await cancel({ tenant: caller.tenant, id }, (message) => message.id === id);
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
    async trace({ caller, params: { id = '' } }) {
      if (!isId(id)) return notFound;
      const answer = await ask<MessageQuestion, TraceAnswer>(historySubjects.trace, { tenant: caller.tenant, id });
      if (!answer) return nobodyAnswers;
      return answer.message ? { ok: true, body: showTrace(answer.message, answer.hops) } : notFound;
    },
    async balance({ caller }) {
      const answer = await ask<BalanceQuestion, BalanceAnswer>(leaseSubjects.balance, { tenant: caller.tenant });
      return answer ? { ok: true, body: showBalance(answer) } : nobodyAnswers;
    },
    async sessions({ caller }) {
      const live = await sessions.list(caller.tenant);
      return live ? { ok: true, body: { sessions: live.map(showSession) } } : nobodyAnswers;
    },
    async closeSession({ caller, params: { id = '' } }) {
      const outcome = await sessions.close(caller.tenant, id);
      if (outcome === 'away') return nobodyAnswers;
      return outcome === 'closing' ? { ok: true } : noSession;
    },
    async webhook({ caller }) {
      const webhook = webhooks.of(caller.tenant);
      return webhook ? { ok: true, body: webhook } : unreadable;
    },
    async putWebhook({ caller, body }) {
      const change = body as z.infer<typeof webhookChange>;
      if (change.url !== '' && !isWebhookUrl(change.url, privateWebhooks)) return badWebhook;
      const outcome = await webhooks.save(caller.tenant, change);
      if (outcome.kind === 'saved') return { ok: true, body: outcome.webhook };
      return outcome.kind === 'away' ? nobodyAnswers : unreadable;
    },
  };
}

/** It may be with the provider before it has said so. */
function stateInWords(state: MessageState): string {
  return isFinal(state) || state === 'sent' ? state : 'being sent';
}

const notFound: ApiAnswer = { ok: false, problem: problem('not_found', 'you have no message with this id') };
const noSession: ApiAnswer = { ok: false, problem: problem('not_found', 'you have no session with this id') };
const nobodyAnswers: ApiAnswer = { ok: false, problem: problem('unavailable', 'the service that knows it does not answer') };
const badWebhook: ApiAnswer = { ok: false, problem: problem('bad_webhook', webhookUrlRule, [{ field: '/url', message: webhookUrlRule }]) };
const unreadable: ApiAnswer = { ok: false, problem: problem('internal', 'the secrets of your webhook cannot be read') };
