import { microCreditsPerCredit, type Cascade } from '@heliograph/message';
import type { RouteQuery } from './decision.ts';
import type { CascadePolicy } from './rule.ts';

/** A rule's policy, for one message. */
export type CascadeOf = (query: Pick<RouteQuery, 'chargeMicroCredits'>) => Cascade;

export function compileCascade({ on, noReceiptS, unavailableS, attemptsMax, costMax }: CascadePolicy): CascadeOf {
  const uncapped: Cascade = {
    ...(on.includes('refused') ? { refused: true } : {}),
    ...(on.includes('undelivered') ? { undelivered: true } : {}),
    ...(on.includes('unknown') ? { unknownOutcome: true } : {}),
    ...(noReceiptS === undefined ? {} : { noReceiptMs: noReceiptS * 1_000 }),
    ...(unavailableS === undefined ? {} : { unavailableMs: unavailableS * 1_000 }),
    attemptsMax,
  };
  if (costMax === 'none') return () => uncapped;
  if (costMax === 'charge') {
    return ({ chargeMicroCredits: charge }) => (charge === undefined ? uncapped : { ...uncapped, costMaxMicroCredits: String(charge) });
  }
  const capped = { ...uncapped, costMaxMicroCredits: String(microCreditsOf(costMax)) };
  return () => capped;
}

/** Credits as the schema of a rule has checked them. */
function microCreditsOf(credits: string): bigint {
  const [whole = '', places = ''] = credits.split('.');
  return BigInt(whole) * microCreditsPerCredit + BigInt(places.padEnd(6, '0'));
}
