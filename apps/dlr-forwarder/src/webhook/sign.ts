import { signWebhook } from '@heliograph/credential';
import type { Posting } from './post.ts';

export interface Unsigned {
  /** The webhook-id. */
  readonly id: string;
  readonly url: string;
  readonly body: string;
  /** One at least, the newest first. */
  readonly secrets: readonly string[];
  readonly nowMs: number;
}

/** A post as Standard Webhooks wants it. */
export function signedPosting({ id, url, body, secrets, nowMs }: Unsigned): Posting {
  const timestamp = Math.floor(nowMs / 1000);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Heliograph-Webhook/1',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook({ secrets, id, timestamp, body }),
  };
  return { url, headers, body };
}
