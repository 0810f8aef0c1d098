import { isIP } from 'node:net';
import { isPrivateAddress } from './address.ts';

export const webhookUrlRule = 'the webhook must be an https URL at a public address';

/** Whether reports may be posted there. `allowPrivate`: also by http, and at loopback and private addresses, for trials on one machine. */
export function isWebhookUrl(text: string, allowPrivate: boolean): boolean {
  // a URL's own parser drops or encodes these: what is kept and shown is what was given
  if (!text.isWellFormed() || /[\p{Cc}\s]/u.test(text)) return false;
  return isPublicWebhook(text) || (allowPrivate && isWebhook(text));
}

function isWebhook(text: string): boolean {
  return URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol);
}

/** What the name of a host resolves to is checked when the report is posted; here only what can be seen at once. */
function isPublicWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) === 0) return protocol === 'https:' && host.includes('.') && !/(^|\.)(localhost|local|internal)$/.test(host);
  return protocol === 'https:' && !isPrivateAddress(host);
}
