import type { RequestHandler } from 'express';
import {
  historySubjects,
  isId,
  type LoggedMessage,
  type MessageAnswer,
  type MessageListAnswer,
  type MessageListQuestion,
  type MessageQuestion,
} from '@heliograph/message';
import type { Scope } from '@heliograph/registry';
import { z } from 'zod';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { History } from '../history/history.ts';
import { permit } from '../http/perform.ts';
import { problem, problems, type ProblemReason } from '../http/problem.ts';
import { timeText } from '../http/time.ts';
import { doorEndpoint, titleOf, type Door, type DoorEndpoint } from './door.ts';
import { readBody, readQuery } from './fields.ts';
import type { Send } from './send.ts';

export interface CampaignManagerOptions {
  readonly authenticate: RequestHandler;
  readonly send: Send;
  readonly asking: Asking;
  readonly history: History;
}

/** What `status` lists without an id. */
const listMax = 20;
/** SMS Campaign Manager-style sending and looking. Campaigns and CSV files are not here. */
export function campaignManagerDoor({ authenticate, send, asking, history }: CampaignManagerOptions): Door {
  const proof = (scope: Scope): RequestHandler[] => [authenticate, permit({ scope, ofTenant: true })];
  const sending = (name: string, path: string, messageClass: 'normal' | 'otp'): DoorEndpoint =>
    doorEndpoint({
      name,
      method: 'post',
      path,
      steps: [...proof('messages:send'), ...readBody],
      fields: z.object({ phone: z.string().max(40), message: z.string() }),
      perform: ({ caller, given: { phone, message } }) =>
        send({ caller, to: phone, text: message, class: messageClass }, ({ id, to, segments }) => ({
          success: true,
          id,
          phone: to,
          status: 'accepted',
          segments,
        })),
    });
  return {
    refuse: refusalOf,
    endpoints: [
      sending('campaignManagerSend', '/api/sms/send/enhanced', 'normal'),
      // somebody waits for it with the phone in hand
      sending('campaignManagerTest', '/api/sms/test', 'otp'),
      doorEndpoint({
        name: 'campaignManagerStatus',
        method: 'get',
        path: '/api/sms/status',
        steps: [...proof('messages:read'), readQuery],
        fields: z.object({ id: z.string().optional() }),
        async perform({ tenant, given: { id } }) {
          if (id === undefined) {
            const question: MessageListQuestion = { tenant, limit: listMax };
            const answer = await asking.ask<MessageListAnswer>(historySubjects.list, question, askTimeoutMs);
            return answer ? { ok: true, body: { messages: answer.messages.map(statusOf) } } : nobodyAnswers;
          }
          if (!isId(id)) return notFound;
          const question: MessageQuestion = { tenant, id };
          const answer = await asking.ask<MessageAnswer>(historySubjects.get, question, askTimeoutMs);
          if (!answer) return nobodyAnswers;
          return answer.message ? { ok: true, body: statusOf(answer.message) } : notFound;
        },
      }),
      doorEndpoint({
        name: 'campaignManagerStats',
        method: 'get',
        path: '/api/database/stats',
        steps: [...proof('messages:read'), readQuery],
        fields: z.object({}),
        async perform({ tenant }) {
          const counted = await history.count(tenant);
          if (!counted) return nobodyAnswers;
          const total = Object.values(counted.byState).reduce((sum, count) => sum + count, 0);
          return { ok: true, body: { total, byState: counted.byState, since: timeText(counted.sinceMs) } };
        },
      }),
      {
        name: 'campaignManagerReset',
        method: 'post',
        path: '/api/database/reset',
        // its body, if it has one, says nothing
        steps: proof('history:erase'),
        async perform({ tenant, ...by }) {
          const erased = await history.erase(tenant, by);
          if (!erased.ok) return erased;
          // some of it is left: whoever is told so asks again
          return erased.more ? nobodyAnswers : { ok: true, body: { success: true, erased: erased.erased } };
        },
      },
    ],
  };
}

const notFound = { ok: false, problem: problem('not_found', 'you have no message with this id') } as const;

function statusOf({ id, to, state, segments, reason, acceptedAtMs, stateAtMs }: LoggedMessage): object {
  return {
    id,
    phone: to,
    status: state,
    segments,
    ...(reason === undefined ? {} : { reason }),
    acceptedAt: timeText(acceptedAtMs),
    statusAt: timeText(stateAtMs),
  };
}

/** The product's own words, octet for octet. */
const exact: Readonly<Partial<Record<ProblemReason, object>>> = {
  not_authenticated: { error: 'Authentication required', message: 'Please provide valid API key' },
  not_permitted: { error: 'Insufficient permissions', message: 'Admin role required' },
};

function refusalOf(reason: ProblemReason): ReturnType<Door['refuse']> {
  const { status, retryAfter } = problems[reason];
  const advice =
    status >= 500 && retryAfter === undefined
      ? 'Please give the x-request-id of this answer to your operator'
      : retryAfter === undefined
        ? 'Please correct the request'
        : 'Please try again later';
  return { status, body: exact[reason] ?? { error: titleOf(reason), message: advice } };
}
