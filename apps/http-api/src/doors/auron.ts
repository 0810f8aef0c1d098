import type { RequestHandler } from 'express';
import { stateWords } from '@heliograph/message';
import { z } from 'zod';
import { permit } from '../http/perform.ts';
import { problem, ProblemError, problems } from '../http/problem.ts';
import { doorEndpoint, titleOf, type Door } from './door.ts';
import { readBody } from './fields.ts';
import type { Send } from './send.ts';

export interface AuronOptions {
  readonly authenticate: RequestHandler;
  readonly send: Send;
}

/** Auron-style sending: `POST /api/send`. Its clients know two kinds of refusal: 4xx is for good, 5xx passes. */
export function auronDoor({ authenticate, send }: AuronOptions): Door {
  return {
    refuse(reason) {
      const { status, retryAfter } = problems[reason];
      const passes = retryAfter !== undefined && status < 500;
      return { status: passes ? 503 : status, body: { error: reason, message: titleOf(reason) } };
    },
    endpoints: [
      doorEndpoint({
        name: 'auronSend',
        method: 'post',
        path: '/api/send',
        steps: [requireBearer, authenticate, permit({ scope: 'messages:send', ofTenant: true }), ...readBody],
        fields: z.object({ to: z.string().max(40), message: z.string() }),
        perform: ({ caller, given: { to, message } }) =>
          send({ caller, to, text: message }, ({ id, to: number, segments }) => ({
            id,
            to: number,
            status: stateWords.accepted.auron,
            segments,
          })),
      }),
    ],
  };
}

/** The only way in there: a form that a page of somebody else's posts must not find a session's cookie enough. */
const requireBearer: RequestHandler = (request, _response, next) => {
  if (request.headers.authorization !== undefined) return next();
  const challenge = { 'WWW-Authenticate': 'Bearer realm="heliograph"' };
  next(new ProblemError(problem('not_authenticated', 'no Authorization'), challenge));
};
