import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPrivateAddress, PrivateAddressError, publicLookup } from '@heliograph/webhook';
import type { Answer } from './retry.ts';

export interface Posting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Other than the poster's. */
  readonly timeoutMs?: number;
}

export interface Poster {
  /** Never rejects. A redirect is an answer like any other: it is not followed. */
  post(posting: Posting): Promise<Answer>;
  close(): void;
}

export interface PosterOptions {
  /** Loopback and private networks too: for tests and trials on one machine. */
  readonly allowPrivate: boolean;
  readonly timeoutMs?: number;
  readonly lookup?: LookupFunction;
  /** PEM of authorities beside those of the system: for tests. */
  readonly ca?: string;
}

/** Standard Webhooks: an answer within 15 s. */
export const postTimeoutMs = 15_000;
/** Of the answer's body, which is kept as a hash alone; a longer one is cut off. */
const bodyOctetsMax = 64 * 1024;
/** The status has come by then: a body that trickles must not hold the endpoint's place. */
const bodyTimeoutMs = 2_000;

export function createPoster({ allowPrivate, timeoutMs = postTimeoutMs, lookup = publicLookup(), ca }: PosterOptions): Poster {
  const options = { keepAlive: true, maxFreeSockets: 16, ...(allowPrivate ? {} : { lookup }) };
  // certificates are verified whatever NODE_TLS_REJECT_UNAUTHORIZED says
  const tls = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent({ ...options, ...tls }) };

  function attempt({ url, headers, body }: Posting, signal: AbortSignal): Promise<Answer & { stale?: boolean }> {
    return new Promise((resolve) => {
      const target = new URL(url);
      // an address written out is connected to without a look-up
      if (!allowPrivate && isLiteral(target.hostname) && isPrivateAddress(bare(target.hostname)))
        return resolve(failure(new PrivateAddressError(), signal));
      const secure = target.protocol === 'https:';
      const request = (secure ? https : http).request(target, {
        method: 'POST',
        agent: agents[secure ? 'https:' : 'http:'],
        headers,
        signal,
      });
      request.on('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        hashOf(response, (bodySha256) => resolve({ kind: 'answered', status, retryAfter: headers['retry-after'], bodySha256 }));
      });
      request.on('error', (error) => resolve({ ...failure(error, signal), stale: request.reusedSocket && !signal.aborted }));
      request.end(body);
    });
  }

  return {
    async post(posting) {
      const aborting = new AbortController();
      const timer = setTimeout(() => aborting.abort(), posting.timeoutMs ?? timeoutMs);
      const first = await attempt(posting, aborting.signal);
      // a kept connection may have been closed by the other side just when it was used: that says nothing of the endpoint
      const { stale: _stale, ...answer } = first.stale ? await attempt(posting, aborting.signal) : first;
      clearTimeout(timer);
      return answer as Answer;
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

/** Gives the hash once, of what of the body came in time. */
function hashOf(response: http.IncomingMessage, done: (sha256: string) => void): void {
  const hash = createHash('sha256');
  let octets = 0;
  const timer = setTimeout(() => response.destroy(), bodyTimeoutMs);
  response.on('error', () => {}); // the status was what mattered
  response.on('data', (chunk: Buffer) => {
    hash.update(chunk.subarray(0, bodyOctetsMax - octets));
    octets = Math.min(bodyOctetsMax, octets + chunk.length);
    if (octets === bodyOctetsMax) response.destroy();
  });
  response.on('close', () => {
    clearTimeout(timer);
    done(hash.digest('hex'));
  });
}

function failure(error: Error, signal: AbortSignal): Answer {
  if (signal.aborted) return { kind: 'failed', reason: 'timeout' };
  return { kind: 'failed', reason: (error as NodeJS.ErrnoException).code ?? error.message };
}

/** `[::1]` in a URL is the address ::1. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function isLiteral(hostname: string): boolean {
  return isIP(bare(hostname)) !== 0;
}
