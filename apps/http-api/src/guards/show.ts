import type { OperatorGuards, OwnGuards, TenantGuards } from '@heliograph/registry';
import type { z } from 'zod';
import { microCreditsOf } from '../control/amount.ts';
import { creditsText } from '../credits/credits.ts';
import type { guards, OperatorGuardsBody, OwnGuardsBody } from './schema.ts';

/** Guards as the API says them and as the registry keeps them: credits here, micro-credits there; null here, absent there. */

export function showGuards({ operator, own }: TenantGuards): z.infer<typeof guards> {
  return { operator: { ...showOwn(operator), allowPremium: operator.allowPremium }, own: showOwn(own) };
}

function showOwn({ dailyCap, destinationCaps, segmentsMax, allow, deny, velocity }: OwnGuards): OwnGuardsBody {
  return {
    dailyCap: dailyCap === undefined ? null : creditsText(BigInt(dailyCap)),
    destinationCaps: destinationCaps.map(({ prefix, microCredits }) => ({ prefix, credits: creditsText(BigInt(microCredits)) })),
    segmentsMax: segmentsMax ?? null,
    allow,
    deny,
    velocity: velocity ?? null,
  };
}

export function readOwn({ dailyCap, destinationCaps, segmentsMax, allow, deny, velocity }: OwnGuardsBody): OwnGuards {
  return {
    ...(dailyCap === null ? {} : { dailyCap: String(microCreditsOf(dailyCap)) }),
    destinationCaps: destinationCaps.map(({ prefix, credits }) => ({ prefix, microCredits: String(microCreditsOf(credits)) })),
    ...(segmentsMax === null ? {} : { segmentsMax }),
    allow,
    deny,
    ...(velocity === null ? {} : { velocity }),
  };
}

export function readOperators(body: OperatorGuardsBody): OperatorGuards {
  return { ...readOwn(body), allowPremium: body.allowPremium };
}
