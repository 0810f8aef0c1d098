import { createHash } from 'node:crypto';

export type KeyRead = { readonly ok: true; readonly key: string } | { readonly ok: false; readonly detail: string };

const form = /^[\x20-\x7e]{1,255}$/;
/** RFC 8941 §3.3.3 */
const quotedForm = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * The `Idempotency-Key` of a request, from what each of its header lines says. The draft wants a String of RFC 8941, which is in quotes
 * (draft-ietf-httpapi-idempotency-key-header-07 §2.1); most clients leave them out, and mean the same key.
 */
export function readKey(lines: readonly string[]): KeyRead {
  const [line = '', ...more] = lines;
  if (more.length > 0) return { ok: false, detail: 'there is more than one Idempotency-Key' };
  const key = line.startsWith('"') ? quotedForm.exec(line)?.[1]?.replace(/\\(.)/g, '$1') : line;
  if (key === undefined) return { ok: false, detail: 'Idempotency-Key begins with a quote and is no String of RFC 8941' };
  return form.test(key) ? { ok: true, key } : { ok: false, detail: 'Idempotency-Key has 1 to 255 printable ASCII characters' };
}

/** What makes two requests the same (draft §2.4): where they go, and every octet of the body, unpacked. */
export function fingerprintOf(method: string, path: string, octets: Uint8Array): Buffer {
  // neither a method nor a path has a line's end in it
  return createHash('sha256').update(`${method}\n${path}\n`).update(octets).digest();
}
