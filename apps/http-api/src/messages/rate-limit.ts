import type { PaceLeft } from '@heliograph/accept';

/**
 * Says in headers what is left of a pace (draft-ietf-httpapi-ratelimit-headers-10): so many segments at once, as often as they are there
 * again. Whole numbers, and never more than passes. Without a pace there are none.
 */
export function rateLimitHeaders(left: PaceLeft | undefined): Readonly<Record<string, string>> {
  if (!left) return {};
  const { segments, burstSegments, fullInMs, segmentsPerSecond } = left;
  const quota = Math.floor(burstSegments);
  return {
    'RateLimit-Policy': `"segments";q=${quota};w=${Math.ceil(burstSegments / segmentsPerSecond)}`,
    RateLimit: `"segments";r=${Math.min(segments, quota)};t=${Math.ceil(fullInMs / 1000)}`,
  };
}
