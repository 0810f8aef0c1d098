/** An answer that was not wished for, or no key to ask with; the message is for people and has no secret. */
export class Refused extends Error {}

/** Nobody answers there. */
export class Unreachable extends Error {}

export interface Request {
  readonly body?: object;
  /** For whom the operator asks. */
  readonly tenant?: string;
  /** Until all of the answer is there; default 30 s. */
  readonly msMax?: number;
}

export interface ControlPlane {
  /** `path` with its query. Whatever is answered, but 429 and 503 only after five tries. Rejects with Unreachable. */
  ask(method: string, path: string, request?: Request): Promise<Response>;
}

const requestMsMax = 30_000;
const triesMax = 5;
const waitSMax = 10;

/** Heliograph's API as an operator has it: `url` of http-api, `key` of an operator. */
export function createControlPlane({ url, key }: { url: string; key: string }): ControlPlane {
  return {
    async ask(method, path, { body, tenant, msMax = requestMsMax } = {}) {
      const headers = {
        authorization: `Bearer ${key}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(tenant !== undefined && { 'heliograph-tenant': tenant }),
      };
      for (let tried = 1; ; tried++) {
        const response = await reach(new URL(path, url), {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
          // the key must not follow a redirect
          redirect: 'error',
          signal: AbortSignal.timeout(msMax),
        });
        if (![429, 503].includes(response.status) || tried === triesMax) return response;
        await response.body?.cancel();
        await new Promise((resolve) => setTimeout(resolve, 1_000 * waitS(response)));
      }
    },
  };
}

/** Retry-After in seconds (RFC 9110 §10.2.3); a second where it is none or a date. */
function waitS({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? 1);
  return Number.isFinite(seconds) ? Math.min(seconds, waitSMax) : 1;
}

/** fetch rejects for one reason only, a request that got no answer, and says why in its cause. */
async function reach(url: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Unreachable(`${url.origin} does not answer: ${(cause as Error | undefined)?.message ?? message}`);
  }
}
