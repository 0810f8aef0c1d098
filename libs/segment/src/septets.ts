/**
 * Septets packed into octets, lowest bit first. 3GPP TS 23.038 §6.1.2.1. After a user data header, fill bits put the first septet on a septet
 * boundary (3GPP TS 23.040 §9.2.3.24): `headerOctets` counts the header including its length octet, and the result holds fill bits but not
 * the header.
 */
export function packSeptets(septets: Uint8Array, headerOctets = 0): Buffer {
  const fill = fillBits(headerOctets);
  const octets = Buffer.alloc(Math.ceil((fill + septets.length * 7) / 8));
  for (let index = 0, bit = fill; index < septets.length; index++, bit += 7) {
    const shifted = (septets[index]! & 0x7f) << (bit & 7);
    octets[bit >> 3]! |= shifted & 0xff;
    if (shifted > 0xff) octets[(bit >> 3) + 1]! |= shifted >> 8;
  }
  return octets;
}

/**
 * The reverse. `count` is the number of septets of the body (the user data length less the header's septets): without it, seven spare bits
 * could not be told from an `@`. Fewer are returned when the octets end early.
 */
export function unpackSeptets(octets: Uint8Array, count: number, headerOctets = 0): Buffer {
  const fill = fillBits(headerOctets);
  const present = Math.max(0, Math.floor((octets.length * 8 - fill) / 7));
  const septets = Buffer.alloc(Math.min(count, present));
  for (let index = 0, bit = fill; index < septets.length; index++, bit += 7) {
    const pair = octets[bit >> 3]! | ((octets[(bit >> 3) + 1] ?? 0) << 8);
    septets[index] = (pair >> (bit & 7)) & 0x7f;
  }
  return septets;
}

function fillBits(headerOctets: number): number {
  return (7 - ((headerOctets * 8) % 7)) % 7;
}
