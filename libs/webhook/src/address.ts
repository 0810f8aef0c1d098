import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * A tenant names the URL, our network opens the connection: so addresses that mean something only inside it are refused (server-side request
 * forgery). The check is made on the address that is connected to, not on a look-up before it, which a name server could answer differently.
 */
const refused = new BlockList();
// IPv4: IANA special-purpose registry (RFC 6890) and multicast; 169.254/16 has the clouds' metadata service
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  refused.addSubnet(network, prefix, 'ipv4');
// IPv6: unspecified, loopback and IPv4-compatible; what carries an IPv4 address inside (IPv4-translated, NAT64, Teredo, 6to4: one that is public can be
// named by itself); discard, IETF protocol assignments, documentation, SRv6, unique local (fd00:ec2::254 has a cloud's metadata service), link-local,
// site-local, multicast. IPv4-mapped addresses are checked as the IPv4 address
for (const [network, prefix] of [
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 63],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  refused.addSubnet(network, prefix, 'ipv6');

/** True for private, loopback, link-local, metadata and other addresses that no webhook may reach; an IPv4 address mapped into IPv6 counts as itself. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || refused.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

export class PrivateAddressError extends Error {
  constructor() {
    super('private address');
  }
}

/** Name look-up for an http agent that only gives public addresses, or PrivateAddressError when there is none. */
export function publicLookup(lookup: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const [first, ...others] = addresses.filter(({ address }) => !isPrivateAddress(address));
      if (!first) return callback(new PrivateAddressError(), '', 0);
      if (options.all) return callback(null, [first, ...others]);
      callback(null, first.address, first.family);
    });
  };
}
