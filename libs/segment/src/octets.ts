/** UTF-16, big-endian: what is sent under the name of UCS-2 (3GPP TS 23.038 §6.2.3), surrogate pairs included. */
export function encodeUcs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

/** Never fails: an odd last octet is dropped, lone surrogates are kept. */
export function decodeUcs2(octets: Uint8Array): string {
  const even = Buffer.from(octets.subarray(0, octets.length & ~1));
  return even.swap16().toString('utf16le');
}

/** ISO 8859-1; undefined when a character is above U+00FF. */
export function encodeLatin1(text: string): Buffer | undefined {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return undefined;
  return Buffer.from(text, 'latin1');
}

/** ISO 8859-1, every octet a character. */
export function decodeLatin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}
