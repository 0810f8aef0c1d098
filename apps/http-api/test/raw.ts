import { connect } from 'node:net';

export interface RawAnswer {
  /** 0: closed without an answer. */
  readonly status: number;
  readonly head: string;
  readonly text: string;
  /** All that came, where there may be several answers. */
  readonly whole: string;
}

/** Writes octets to a port of this machine and reads until the other side closes: fetch would mend what is wrong. Rejects when that takes too long. */
export async function askRaw(port: number, pieces: readonly (string | Uint8Array)[], withinMs: number): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const late = setTimeout(() => socket.destroy(new Error(`no end of the answer within ${withinMs} ms`)), withinMs);
  for (const piece of pieces) socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch (error) {
    // answered before the body was read: the answer is here, the rest of the body was refused
    if (!['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    clearTimeout(late);
  }
  // it may have been asked to say that it goes on (RFC 9110 §15.2.1)
  const whole = Buffer.concat(chunks)
    .toString()
    .replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const end = whole.indexOf('\r\n\r\n');
  const [head, rest] = [whole.slice(0, end), whole.slice(end + 4)];
  const text = /\r\ntransfer-encoding: chunked/i.test(head) ? unchunked(rest) : rest;
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(whole)?.[1] ?? 0), head, text, whole };
}

/** RFC 9112 §7.1, for texts of which no chunk ends within a character. */
function unchunked(body: string): string {
  const octets = Buffer.from(body);
  let text = '';
  for (let at = 0; at < octets.length;) {
    const line = octets.indexOf('\r\n', at);
    const size = Number.parseInt(octets.toString('latin1', at, line), 16);
    if (!(size > 0)) break;
    text += octets.toString('utf8', line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return text;
}
