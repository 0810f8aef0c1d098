import type { Acceptance, Submission } from '@heliograph/accept';
import type { Content } from '@heliograph/message';
import { creditsText } from '../credits/credits.ts';
import { problem, problems, reasonOf, refusal, type Problem } from '../http/problem.ts';
import type { SubmissionBody } from './schema.ts';
import { isWebhookUrl, webhookUrlRule } from '@heliograph/webhook';

type Refused = Extract<Acceptance, { ok: false }>;

/** What HTTP itself must know to turn a body into submissions. */
export interface SubmitFacts {
  /** Id of the credential the request was authenticated with. */
  readonly credential: string;
  readonly nowMs: number;
  readonly privateWebhooks: boolean;
}

export type Submissions = { readonly ok: true; readonly submissions: Submission[] } | { readonly ok: false; readonly problem: Problem };

/** One submission for each recipient. */
export function submissionsOf(body: SubmissionBody, { credential, nowMs, privateWebhooks }: SubmitFacts): Submissions {
  const { to, text, from = '', validity, send_at, webhook, class: messageClass, reference, flash } = body;
  if (text?.isWellFormed() === false) return { ok: false, problem: refusal('bad_encoding', 'the text has half of a surrogate pair') };
  if (webhook !== undefined && !isWebhookUrl(webhook, privateWebhooks))
    return { ok: false, problem: refusal('bad_webhook', webhookUrlRule) };
  const sendAtMs = send_at === undefined ? undefined : Date.parse(send_at);
  const common = {
    credential,
    door: 'http' as const,
    from: { addr: from },
    content: contentOf(body),
    ...(messageClass === undefined ? {} : { class: messageClass }),
    ...(flash === undefined ? {} : { flash }),
    ...(validity === undefined ? {} : { validUntilMs: Math.max(nowMs, sendAtMs ?? 0) + validity * 1000 }),
    ...(sendAtMs === undefined ? {} : { sendAtMs }),
    ...(reference === undefined ? {} : { reference }),
    ...(webhook === undefined ? {} : { webhook }),
  };
  return { ok: true, submissions: (typeof to === 'string' ? [to] : to).map((addr) => ({ ...common, to: { addr } })) };
}

/** A text, unless there is data in its place. Base64 in one spelling only: bits that belong to no octet are dropped. */
function contentOf({ text = '', data, udh }: SubmissionBody): Content {
  if (data === undefined) return { kind: 'text', text };
  const octets = Buffer.from(data, 'base64').toString('base64');
  return { kind: 'binary', octets, ...(udh === undefined ? {} : { udh: udh.toLowerCase() }) };
}

export type SubmitAnswer = (
  | { readonly ok: true; readonly body: object; readonly location?: string }
  | { readonly ok: false; readonly problem: Problem; readonly retryAfterMs?: number }
) & { readonly unsettled?: true };

/** The answer to a body, from what became of each recipient, in their order. */
export function answerOf(body: SubmissionBody, acceptances: readonly Acceptance[]): SubmitAnswer {
  const unsettled = acceptances.some((one) => !one.ok && one.mayBeStored);
  return { ...settledAnswerOf(body, acceptances), ...(unsettled ? { unsettled } : {}) };
}

function settledAnswerOf(body: SubmissionBody, acceptances: readonly Acceptance[]): SubmitAnswer {
  const { to } = body;
  if (typeof to === 'string') {
    const [only] = acceptances as [Acceptance];
    if (!only.ok) return { ok: false, problem: refusalOf(only, body, 0), ...patience([only]) };
    return { ok: true, body: acceptedBody(only), location: `/v1/messages/${only.id}` };
  }
  const messages = acceptances.map((one, i) => (one.ok ? acceptedBody(one) : { to: to[i] ?? '', error: refusalOf(one, body, i) }));
  const refused = messages.flatMap((one) => ('error' in one ? [one.error] : []));
  if (refused.length < messages.length) return { ok: true, body: { messages } };
  return { ok: false, problem: ofAll(refused), ...patience(acceptances) };
}

/** The longest wait that somebody was told. */
function patience(acceptances: readonly Acceptance[]): { retryAfterMs?: number } {
  const waits = acceptances.flatMap((one) => (one.ok || one.retryAfterMs === undefined ? [] : [one.retryAfterMs]));
  return waits.length > 0 ? { retryAfterMs: Math.max(...waits) } : {};
}

function acceptedBody({ id, to, segments, microCredits }: Extract<Acceptance, { ok: true }>) {
  return { id, to, segments, credits: creditsText(microCredits), state: 'accepted' as const };
}

/** Of the i-th recipient, naming the field as this body has it. */
export function refusalOf({ reason, detail }: Pick<Refused, 'reason' | 'detail'>, { to, data }: SubmissionBody, i: number): Problem {
  const whole = refusal(reason, detail);
  const [only] = whole.errors ?? [];
  const field =
    only && { ...(Array.isArray(to) ? { '/to': `/to/${i}` } : {}), ...(data === undefined ? {} : { '/text': '/data' }) }[only.field];
  return field === undefined ? whole : { ...whole, errors: [{ field, message: detail }] };
}

const errorsMax = 100;

/** Nobody was accepted. What passes by itself (429, 503) is said first, as the same request may then succeed; else the first recipient's. */
function ofAll(refused: readonly Problem[]): Problem {
  const said = refused.find((one) => problems[reasonOf(one)].retryAfter !== undefined) ?? (refused[0] as Problem);
  return problem(reasonOf(said), said.detail, distinct(refused.flatMap((one) => one.errors ?? [])).slice(0, errorsMax));
}

function distinct<T extends { field: string }>(errors: readonly T[]): T[] {
  return [...new Map(errors.map((error) => [error.field, error])).values()];
}
