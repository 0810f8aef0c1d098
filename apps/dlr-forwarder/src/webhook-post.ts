import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPrivateAddress, PrivateAddressError, publicLookup } from '@heliograph/webhook';
import type { Answer } from './webhook-retry.ts';

export interface Posting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
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
}

/** Standard Webhooks: an answer within 15 s. */
export const postTimeoutMs = 15_000;
/** Of an answer only its status matters; a longer body is cut off. */
const answerOctetsMax = 64 * 1024;

export function createPoster({ allowPrivate, timeoutMs = postTimeoutMs, lookup = publicLookup() }: PosterOptions): Poster {
  const options = { keepAlive: true, maxFreeSockets: 16, ...(allowPrivate ? {} : { lookup }) };
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };

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
        resolve({ kind: 'answered', status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        drain(response);
      });
      request.on('error', (error) => resolve({ ...failure(error, signal), stale: request.reusedSocket && !signal.aborted }));
      request.end(body);
    });
  }

  return {
    async post(posting) {
      const aborting = new AbortController();
      const timer = setTimeout(() => aborting.abort(), timeoutMs);
      const first = await attempt(posting, aborting.signal);
      // a kept connection may have been closed by the other side just when it was used: that says nothing of the endpoint
      const { stale: _stale, ...answer } = first.stale ? await attempt(posting, aborting.signal) : first;
      if (answer.kind === 'failed') clearTimeout(timer);
      else timer.unref(); // still cuts off a body that never ends
      return answer as Answer;
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

function drain(response: http.IncomingMessage): void {
  let octets = 0;
  response.on('error', () => {}); // the status was all that was wanted
  response.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > answerOctetsMax) response.destroy();
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
