import { createHmac, randomBytes } from 'node:crypto';
import { equalInConstantTime } from './constant-time.ts';

/** What is signed; `timestamp` in unix seconds. */
export type WebhookContent = { id: string; timestamp: number; body: string | Uint8Array };

/** A webhook as received: `timestamp` may be the header's text, `signature` is the whole `webhook-signature` header. */
export type SignedWebhook = { id: string; timestamp: number | string; body: string | Uint8Array; signature: string };

const secretPrefix = 'whsec_';
const secretOctetsMin = 24;
const secretOctetsMax = 64;
const toleranceSecondsDefault = 300;

/** `whsec_` and base64 of 32 random bytes. */
export function newWebhookSecret(): string {
  return secretPrefix + randomBytes(32).toString('base64');
}

/** `whsec_` and base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  return secretKey(text) !== undefined;
}

/**
 * Value of the `webhook-signature` header (Standard Webhooks): one `v1,...` for each secret, two while one is replaced by another. Throws
 * RangeError for a malformed secret or none: secrets are checked with `isWebhookSecret` where they enter.
 */
export function signWebhook({ secrets, ...content }: WebhookContent & { secrets: readonly string[] }): string {
  if (secrets.length === 0) throw new RangeError('a webhook is signed with one secret at least');
  const signatures = secrets.map((secret) => {
    const key = secretKey(secret);
    // The secret itself is not named: errors are logged.
    if (key === undefined) throw new RangeError('malformed webhook secret');
    return `v1,${digestOf(key, content).toString('base64')}`;
  });
  return signatures.join(' ');
}

/** Whether any signature fits any secret and the timestamp is within the tolerance (300 s) of `nowSeconds`, before or after. Never throws. */
export function verifyWebhook(
  { secrets, signature, timestamp, ...content }: SignedWebhook & { secrets: readonly string[] },
  nowSeconds: number,
  toleranceSeconds = toleranceSecondsDefault,
): boolean {
  if (!/^[0-9]{1,15}$/.test(String(timestamp))) return false;
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds) return false;
  const presented = signature.split(' ').filter((entry) => entry.startsWith('v1,'));
  const keys = secrets.map(secretKey).filter((key) => key !== undefined);
  return keys.some((key) => {
    const expected = digestOf(key, { ...content, timestamp });
    return presented.some((entry) => equalInConstantTime(Buffer.from(entry.slice('v1,'.length), 'base64'), expected));
  });
}

function secretKey(secret: string): Buffer | undefined {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret);
  const key = Buffer.from(match?.[1] ?? '', 'base64');
  return key.length >= secretOctetsMin && key.length <= secretOctetsMax ? key : undefined;
}

function digestOf(key: Buffer, { id, timestamp, body }: Omit<SignedWebhook, 'signature'>): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
