import type { Guards } from '@heliograph/registry';
import { premiumByPrefix } from './guard-premium.ts';
import { refuse, type Refusal } from './refusal.ts';

/** Whether the tenant's guards keep a message from being taken at all; undefined: they do not. `digits`: the number without its plus sign. Pure. */
export function guard({ digits, segments }: { readonly digits: string; readonly segments: number }, guards: Guards): Refusal | undefined {
  if (segments > guards.segmentsMax)
    return refuse('too_many_segments', `the message takes ${segments} segments, and no more than ${guards.segmentsMax} are allowed`);
  if (guards.denied.longest(digits))
    return refuse('destination_denied', 'messages to this prefix are denied by the settings of the account');
  if (!guards.allowed.every((list) => list.longest(digits)))
    return refuse('destination_denied', 'this prefix is not among those that the account may send to');
  const premium = premiumByPrefix.longest(digits);
  if (premium && !guards.allowedPremium.longest(digits))
    return refuse(
      'destination_denied',
      `numbers that begin with +${premium.prefix} are of a ${premium.kind} range, which is denied by default`,
    );
  return undefined;
}
