/** One information element of a user data header. 3GPP TS 23.040 §9.2.3.24. */
export type UdhElement = { id: number; data: Buffer };

/** Which part of which message this is: `sequence` from 1 to `total`. */
export type Concat = { reference: number; total: number; sequence: number };

export type Udh = {
  /** The header as received, its length octet included. */
  octets: Buffer;
  elements: UdhElement[];
  concat?: Concat;
  /** Octets of the header including its length octet: where the body begins. */
  length: number;
};

/** Concatenated short messages with an 8-bit and a 16-bit reference. 3GPP TS 23.040 §9.2.3.24.1 and §9.2.3.24.8. */
const concat8 = 0x00;
const concat16 = 0x08;

/**
 * Reads the user data header in front of `octets`; never throws. Undefined when it claims more octets than there are. A header whose elements
 * do not fill it exactly has no elements: the whole of it is to be ignored (3GPP TS 23.040 §9.2.3.24), but the body still begins after it.
 */
export function parseUdh(octets: Uint8Array): Udh | undefined {
  const length = (octets[0] ?? octets.length) + 1;
  if (length > octets.length) return undefined;
  const header = Buffer.from(octets.subarray(0, length));
  const elements = readElements(header);
  const concat = readConcat(elements);
  return { octets: header, elements, ...(concat && { concat }), length };
}

/** The header of one part of a concatenated message: 6 octets with an 8-bit reference, 7 with a 16-bit one. */
export function concatUdh({ reference, total, sequence }: Concat, reference16: boolean): Buffer {
  return reference16
    ? Buffer.from([0x06, concat16, 0x04, (reference >> 8) & 0xff, reference & 0xff, total, sequence])
    : Buffer.from([0x05, concat8, 0x03, reference & 0xff, total, sequence]);
}

function readElements(header: Buffer): UdhElement[] {
  const elements: UdhElement[] = [];
  let at = 1;
  while (at < header.length) {
    const begin = at + 2;
    const end = begin + (header[at + 1] ?? header.length);
    if (end > header.length) return [];
    elements.push({ id: header[at]!, data: header.subarray(begin, end) });
    at = end;
  }
  return elements;
}

/** The last one counts when the element is repeated (§9.2.3.24); one that counts from 0 or past its total is ignored (§9.2.3.24.1). */
function readConcat(elements: readonly UdhElement[]): Concat | undefined {
  let concat: Concat | undefined;
  for (const { id, data } of elements) {
    const width = id === concat8 && data.length === 3 ? 1 : id === concat16 && data.length === 4 ? 2 : 0;
    if (width === 0) continue;
    const read = { reference: data.readUIntBE(0, width), total: data[width]!, sequence: data[width + 1]! };
    if (read.sequence > 0 && read.sequence <= read.total) concat = read;
  }
  return concat;
}
