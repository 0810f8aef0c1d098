import { BlockList, isIP } from 'node:net';

export const webhookRule = 'the webhook must be an https URL at a public address';

/** Whether reports may be posted there. `allowPrivate`: also by http, and at loopback and private addresses, for trials on one machine. */
export function isWebhookAddress(text: string, allowPrivate: boolean): boolean {
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
  const kind = isIP(host);
  if (kind === 0) return protocol === 'https:' && host.includes('.') && !/(^|\.)(localhost|local|internal)$/.test(host);
  return protocol === 'https:' && !notPublic.check(host, kind === 6 ? 'ipv6' : 'ipv4');
}

/** Special-purpose addresses (RFC 6890 and the IANA registries); IPv4 in IPv6 (::ffff:0:0/96) is checked as IPv4 by BlockList. */
const notPublic = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(address, prefix, 'ipv4');
}
for (const [address, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(address, prefix, 'ipv6');
}
