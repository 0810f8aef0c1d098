import { createHash } from 'node:crypto';
import { creditsText, reportBody, type BalanceLow, type InboundMatched, type MessageReported } from '@heliograph/message';
import type { Webhook } from '@heliograph/registry';
import { storable } from '../database.ts';

/** What the control plane and earlier answers say of a tenant's webhooks. */
export interface WebhookFacts {
  readonly webhook: Webhook | undefined;
  /** The endpoint answered 410 since the webhook was last saved. */
  readonly isGone: (url: string) => boolean;
}

export type WebhookChoice =
  { readonly kind: 'post'; readonly url: string; readonly endpoint: string } | { readonly kind: 'none'; readonly why: NoWebhook };

export type NoWebhook = 'no_url' | 'no_secret' | 'bad_url' | 'gone';

/** Where the report of a message is posted: the message's own URL, else the tenant's while enabled. It must be signed, so without a secret nothing is. */
export function chooseWebhook({ message }: MessageReported, facts: WebhookFacts): WebhookChoice {
  return choose(message, facts);
}

/** Where a notice or a handset's message is posted: the tenant's URL, while enabled. */
export function chooseForTenant({ tenant }: BalanceLow | InboundMatched, facts: WebhookFacts): WebhookChoice {
  return choose({ tenant }, facts);
}

function choose(given: { readonly tenant: string; readonly webhook?: string }, { webhook, isGone }: WebhookFacts): WebhookChoice {
  const url = given.webhook ?? (webhook?.enabled ? webhook.url : '');
  if (url === '') return { kind: 'none', why: 'no_url' };
  if (!webhook || webhook.secrets.length === 0) return { kind: 'none', why: 'no_secret' };
  if (!isWebUrl(url)) return { kind: 'none', why: 'bad_url' };
  if (isGone(url)) return { kind: 'none', why: 'gone' };
  return { kind: 'post', url, endpoint: endpointOf(given.tenant, url) };
}

/** What shares one circuit and one bound: a tenant's own, so that no tenant's trouble is another's. A tenant's id has no space. */
export function endpointOf(tenant: string, url: string): string {
  return `${tenant} ${new URL(url).host}`;
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !text.includes('\0');
}

/** The JSON that is posted; it does not change from try to try. */
export function webhookBody({ message, at, ...report }: MessageReported): string {
  return JSON.stringify(reportBody({ ...message, ...report, from: message.from.addr, doneAtMs: at }));
}

/** The same of a notice: what can be spent is the balance with what is leased. */
export function noticeBody({ id, at, thresholdMicroCredits, spendableMicroCredits }: BalanceLow): string {
  return JSON.stringify({
    type: 'balance.low',
    timestamp: new Date(at).toISOString(),
    data: { id, threshold: creditsText(BigInt(thresholdMicroCredits)), credits: creditsText(BigInt(spendableMicroCredits)) },
  });
}

/** A handset's message: `text`, or `octets` in base64, and `udh` in hex where it has a header of its own. What is not said is not there. */
export function receivedBody({ at, inbound, keyword, optOut }: InboundMatched): string {
  const { id, from, to, content, parts, missing, late, receivedAtMs } = inbound;
  return JSON.stringify({
    type: 'message.received',
    timestamp: new Date(at).toISOString(),
    data: {
      id,
      from: storable(from),
      to: storable(to),
      ...(content.kind === 'text' ? { text: storable(content.text) } : { octets: content.octets }),
      udh: content.udh,
      parts,
      missing,
      late,
      keyword: keyword === undefined ? undefined : storable(keyword),
      opt_out: optOut,
      received_at: new Date(receivedAtMs).toISOString(),
    },
  });
}

/** What a test posts: it says of no message. */
export function webhookTestBody(nowMs: number): string {
  return JSON.stringify({ type: 'webhook.test', timestamp: new Date(nowMs).toISOString(), data: {} });
}

/** Another text each time the webhook is saved: its secret is sealed anew then, and no two seals are alike. */
export function webhookVersion({ url, secrets: [newest] }: Webhook): string {
  return createHash('sha256')
    .update(JSON.stringify([url, newest]))
    .digest('hex');
}
