import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { Peer } from './session-api.ts';

/** The header a load balancer writes before the first octet of a connection (HAProxy, "The PROXY protocol", versions 1 and 2). */
export type ProxyHeader =
  | { readonly kind: 'need_more' }
  /** `octets`: its length; what follows is the connection's own. Without a source the connection is the balancer's: a health check. */
  | { readonly kind: 'header'; readonly octets: number; readonly source?: Peer }
  | { readonly kind: 'invalid'; readonly reason: string };

/** §2.1: the longest line with its CRLF, for TCP over IPv6. */
const lineOctetsMax = 107;
/** §2.2 asks for 232 at least: addresses of 216 and the fixed part of 16. Ours leaves 304 for TLVs, which are not looked at. */
export const proxyHeaderOctetsMax = 536;

const lineStart = Buffer.from('PROXY ', 'latin1');
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const needMore: ProxyHeader = { kind: 'need_more' };

/** Reads the octets that a connection began with; called again with more of them after `need_more`, which never asks for more than `proxyHeaderOctetsMax`. */
export function parseProxyHeader(octets: Buffer): ProxyHeader {
  if (begins(octets, lineStart)) return octets.length < lineStart.length ? needMore : parseLine(octets);
  if (begins(octets, signature)) return octets.length < 16 ? needMore : parseBinary(octets);
  return invalid('no PROXY header');
}

function begins(octets: Buffer, start: Buffer): boolean {
  const length = Math.min(octets.length, start.length);
  return octets.subarray(0, length).equals(start.subarray(0, length));
}

/** Version 1, §2.1: `PROXY TCP4 192.0.2.1 198.51.100.7 56324 2775` and CRLF. */
function parseLine(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, lineOctetsMax).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return octets.length < lineOctetsMax ? needMore : invalid('the line has no end');
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = octets
    .toString('latin1', 0, end)
    .split(' ');
  const length = end + 2;
  if (family === 'UNKNOWN') return { kind: 'header', octets: length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined;
  if (!isAddress) return invalid('neither TCP4, TCP6 nor UNKNOWN');
  if (!isAddress(source) || !isAddress(destination)) return invalid('not an address of its family');
  if (!isPort(sourcePort) || !isPort(destinationPort) || more.length > 0) return invalid('not two ports at the end');
  return { kind: 'header', octets: length, source: { address: canonical(source), port: Number(sourcePort) } };
}

const isPlainIPv6 = (text: string): boolean => isIPv6(text) && !text.includes('%');

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff;
}

/** Octet 13 of version 2: the address family and, as we are reached by TCP, STREAM; UNSPEC may be of any protocol. */
const families: Readonly<Record<number, { readonly octets: number; address?(octets: Buffer): string }>> = {
  0x00: { octets: 0 },
  0x11: { octets: 12, address: (octets) => octets.subarray(0, 4).join('.') },
  0x21: { octets: 36, address: (octets) => canonical(groups(octets.subarray(0, 16))) },
  0x31: { octets: 216 },
};

/** Version 2, §2.2: signature, version and command, family, length, addresses, TLVs. */
function parseBinary(octets: Buffer): ProxyHeader {
  const versionAndCommand = octets.readUInt8(12);
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) return invalid('neither LOCAL nor PROXY of version 2');
  const length = 16 + octets.readUInt16BE(14);
  if (length > proxyHeaderOctetsMax) return invalid('the header is too long');
  if (octets.length < length) return needMore;
  // §2.2: for LOCAL the family is to be ignored
  if (versionAndCommand === 0x20) return { kind: 'header', octets: length };
  const family = families[octets.readUInt8(13)];
  if (!family) return invalid('an address family or protocol that is not known');
  const addresses = octets.subarray(16, length);
  if (addresses.length < family.octets) return invalid('shorter than its addresses');
  if (!family.address) return { kind: 'header', octets: length };
  // both addresses, then both ports
  const port = addresses.readUInt16BE(family.octets - 4);
  return { kind: 'header', octets: length, source: { address: family.address(addresses), port } };
}

function groups(octets: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16)).join(':');
}

/** As a socket would say it. */
function canonical(address: string): string {
  return new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address;
}

function invalid(reason: string): ProxyHeader {
  return { kind: 'invalid', reason };
}
