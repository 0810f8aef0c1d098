import type { Request } from 'express';
import { csrfSync } from 'csrf-sync';

/** Octets: as hard to guess as a session's id. */
const tokenOctets = 32;

const csrf = csrfSync({ size: tokenOctets });

/** Methods that change nothing (RFC 9110 §9.2.1) need no token. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The session's own token, made the first time (synchroniser token, OWASP). It ends with the session. */
export function csrfTokenOf(request: Request): string {
  return csrf.generateToken(request);
}

/** Whether a request of a session may do what it asks. */
export function hasCsrfToken(request: Request): boolean {
  return safeMethods.has(request.method) || csrf.isRequestValid(request);
}

interface Origins {
  readonly 'sec-fetch-site'?: string | string[] | undefined;
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Whether no page of another origin made it. Another port or subdomain is another origin, and SameSite does not hold it off. Browsers send
 * Sec-Fetch-Site to https and to loopback (W3C Fetch Metadata §2); elsewhere Origin tells, which they send with every unsafe request (Fetch
 * §3.2). Without either it is no browser.
 */
export function comesFromOwnPage({ 'sec-fetch-site': site, origin, host }: Origins): boolean {
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
