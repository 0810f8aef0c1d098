import { createHash } from 'node:crypto';
import type { MessageReported } from '@heliograph/message';
import type { Webhook } from '@heliograph/registry';

/** What the control plane and earlier answers say of a tenant's webhooks. */
export interface WebhookFacts {
  readonly webhook: Webhook | undefined;
  /** The endpoint answered 410 since the webhook was last saved. */
  readonly isGone: (url: string) => boolean;
}

export type WebhookChoice =
  { readonly kind: 'post'; readonly url: string; readonly host: string } | { readonly kind: 'none'; readonly why: NoWebhook };

export type NoWebhook = 'no_url' | 'no_secret' | 'bad_url' | 'gone';

/** Where the report of a message is posted: the message's own URL, else the tenant's while enabled. It must be signed, so without a secret nothing is. */
export function chooseWebhook({ message }: MessageReported, { webhook, isGone }: WebhookFacts): WebhookChoice {
  const url = message.webhook ?? (webhook?.enabled ? webhook.url : '');
  if (url === '') return { kind: 'none', why: 'no_url' };
  if (!webhook || webhook.secrets.length === 0) return { kind: 'none', why: 'no_secret' };
  if (!isWebUrl(url)) return { kind: 'none', why: 'bad_url' };
  if (isGone(url)) return { kind: 'none', why: 'gone' };
  return { kind: 'post', url, host: new URL(url).host };
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !text.includes('\0');
}

/** The JSON that is posted; it does not change from try to try. */
export function webhookBody({ message, state, errorCode, reason, at }: MessageReported): string {
  const doneAt = new Date(at).toISOString();
  return JSON.stringify({
    type: `message.${state}`,
    timestamp: doneAt,
    data: {
      id: message.id,
      to: message.to,
      from: message.from.addr,
      state,
      reference: message.reference ?? null,
      segments: message.segments,
      error_code: errorCode ?? null,
      reason: reason ?? null,
      accepted_at: new Date(message.acceptedAtMs).toISOString(),
      done_at: doneAt,
    },
  });
}

/** Another text each time the webhook is saved: secrets are sealed anew then, and no two seals are alike. */
export function webhookVersion({ url, secrets }: Webhook): string {
  return createHash('sha256')
    .update(JSON.stringify([url, secrets]))
    .digest('hex');
}
