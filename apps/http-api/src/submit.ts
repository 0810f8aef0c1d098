import type { Acceptance, Submission } from '@heliograph/accept';
import { creditsText } from './credits.ts';
import { problem, problems, reasonOf, refusal, type Problem } from './problem.ts';
import type { SubmissionBody } from './schema.ts';
import { isWebhookUrl, webhookUrlRule } from '@heliograph/webhook';

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
  if (!text.isWellFormed()) return { ok: false, problem: refusal('bad_encoding', 'the text has half of a surrogate pair') };
  if (webhook !== undefined && !isWebhookUrl(webhook, privateWebhooks))
    return { ok: false, problem: refusal('bad_webhook', webhookUrlRule) };
  const sendAtMs = send_at === undefined ? undefined : Date.parse(send_at);
  const common = {
    credential,
    door: 'http' as const,
    from: { addr: from },
    content: { kind: 'text' as const, text },
    ...(messageClass === undefined ? {} : { class: messageClass }),
    ...(flash === undefined ? {} : { flash }),
    ...(validity === undefined ? {} : { validUntilMs: Math.max(nowMs, sendAtMs ?? 0) + validity * 1000 }),
    ...(sendAtMs === undefined ? {} : { sendAtMs }),
    ...(reference === undefined ? {} : { reference }),
    ...(webhook === undefined ? {} : { webhook }),
  };
  return { ok: true, submissions: (typeof to === 'string' ? [to] : to).map((addr) => ({ ...common, to: { addr } })) };
}

export type SubmitAnswer =
  | { readonly ok: true; readonly body: object; readonly location?: string }
  | { readonly ok: false; readonly problem: Problem; readonly retryAfterMs?: number };

/** The answer to a body, from what became of each recipient, in their order. */
export function answerOf(body: SubmissionBody, acceptances: readonly Acceptance[]): SubmitAnswer {
  const { to } = body;
  if (typeof to === 'string') {
    const [only] = acceptances as [Acceptance];
    if (!only.ok) return { ok: false, problem: refusal(only.reason, only.detail), ...patience([only]) };
    return { ok: true, body: acceptedBody(only), location: `/v1/messages/${only.id}` };
  }
  const messages = acceptances.map((one, i) => (one.ok ? acceptedBody(one) : { to: to[i] ?? '', error: ofRecipient(one, i) }));
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

function ofRecipient({ reason, detail }: Extract<Acceptance, { ok: false }>, i: number): Problem {
  const whole = refusal(reason, detail);
  return whole.errors?.[0]?.field === '/to' ? { ...whole, errors: [{ field: `/to/${i}`, message: detail }] } : whole;
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
