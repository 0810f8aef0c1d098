import type { Accept } from '@heliograph/accept';
import type { Caller } from '../caller/caller.ts';
import type { MessageClass } from '@heliograph/message';
import type { ApiAnswer } from '../http/endpoint.ts';
import { answerOf, submissionsOf } from '../messages/submit.ts';

export interface ToSend {
  readonly caller: Caller;
  readonly to: string;
  readonly text: string;
  readonly class?: MessageClass;
}

/** What a door says of a message that was accepted. */
export interface Sent {
  readonly id: string;
  readonly to: string;
  readonly segments: number;
}

export type Send = (message: ToSend, show: (sent: Sent) => object) => Promise<ApiAnswer>;

/** The submit path of `POST /v1/messages`, for one recipient. */
export function createSend(accept: Pick<Accept, 'submit'>, now: () => number = Date.now): Send {
  return async ({ caller, to, text, class: messageClass }, show) => {
    const body = { to, text, ...(messageClass === undefined ? {} : { class: messageClass }) };
    const made = submissionsOf(body, { credential: caller.credential, nowMs: now(), privateWebhooks: false });
    if (!made.ok) return made;
    const [acceptance] = await Promise.all(made.submissions.map((one) => accept.submit(one)));
    if (!acceptance) throw new Error('a body with one recipient made no submission');
    return acceptance.ok ? { ok: true, body: show(acceptance) } : answerOf(body, [acceptance]);
  };
}
