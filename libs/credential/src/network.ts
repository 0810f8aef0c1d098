import { BlockList, isIP } from 'node:net';

/** A set of addresses and networks of either family. */
export interface Networks {
  has(address: string): boolean;
  readonly empty: boolean;
}

/** `198.51.100.0/24`, `2001:db8::/32`, or a single address. Gives the entries that are none of these back in `unreadable`. */
export function readNetworks(entries: readonly string[]): { readonly networks: Networks; readonly unreadable: readonly string[] } {
  const list = new BlockList();
  const unreadable = entries.filter((entry) => !add(list, entry));
  return {
    unreadable,
    networks: {
      has(address) {
        const plain = plainAddress(address);
        const family = isIP(plain);
        return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
      },
      empty: list.rules.length === 0,
    },
  };
}

function add(list: BlockList, entry: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(address);
  const bitsMax = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? bitsMax : Number(bits);
  if (family === 0 || address.includes('%') || prefix > bitsMax) return false;
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}

/** Lists of a registry's snapshot, which never change: each is read once. */
const allowed = new WeakMap<readonly string[], Networks>();

/** Whether the allow-list lets the address in. One whose entries cannot be read lets nobody in; one without entries lets in everybody. */
export function isAllowedFrom(allowIps: readonly string[], address: string): boolean {
  if (allowIps.length === 0) return true;
  let networks = allowed.get(allowIps);
  if (!networks) allowed.set(allowIps, (networks = readNetworks(allowIps).networks));
  return networks.has(address);
}

/** An IPv4 peer of a socket that listens on `::` is named ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice('::ffff:'.length) : address;
}

/** What one party usually has: a /24 of IPv4, a /64 of IPv6 (RFC 6177 §2). Text that two addresses share when they are in the same. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) === 4) return plain.slice(0, plain.lastIndexOf('.'));
  const [head = '', tail] = (plain.split('%')[0] as string).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
