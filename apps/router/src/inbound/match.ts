import type { InboundDue, InboundMatched, InboundMessage, InboundUnmatched } from '@heliograph/message';
import { inboundAddress, inboundKeyword, isUsable, type Snapshot } from '@heliograph/registry';

/** Of the control plane, what says whose a message is. */
export type MatchFacts = Pick<Snapshot, 'inbound' | 'credentials' | 'credentialsOfRange' | 'tenants'>;

export type Match =
  | {
      readonly kind: 'matched';
      readonly tenant: string;
      /** Gets it by SMPP. */
      readonly credential?: string;
      /** Id of the inbound route, or of the credential whose address range it is. */
      readonly route: string;
      /** That decided. */
      readonly keyword?: string;
    }
  | { readonly kind: 'unmatched' };

/** What people look for when nobody gets a message. */
export const unmatchedText = 'Could not find a matching address range';

/**
 * Whose a message is: by the inbound routes, then by the credentials' address ranges (exactly the number, with its plus sign or without).
 * `before`: of a part that came late, the message that was handed on without it.
 */
export function match(inbound: InboundMessage, facts: MatchFacts, now: number, before?: InboundMessage): Match {
  const address = inboundAddress(inbound.to);
  const route = facts.inbound.match(address, keywordOf(inbound.late === undefined || inbound.late === 1 ? inbound : before));
  if (route !== undefined) {
    const { id, tenantId: tenant, credentialId, keyword } = route;
    return {
      kind: 'matched',
      tenant,
      route: id,
      ...(credentialId !== null && isBoundBy(credentialId, tenant, facts) ? { credential: credentialId } : {}),
      ...(keyword === '' ? {} : { keyword }),
    };
  }
  for (const id of facts.credentialsOfRange(address)) {
    const credential = facts.credentials.get(id);
    if (credential === undefined || credential.tenantId === '' || !isUsable(credential, facts, now)) continue;
    const { tenantId: tenant, kind } = credential;
    return { kind: 'matched', tenant, route: id, ...(kind === 'smpp' ? { credential: id } : {}) };
  }
  return { kind: 'unmatched' };
}

/** What is given of a message, by whose it is. */
export function matchedEvents(
  inbound: InboundMessage,
  matched: Match,
  at: number,
): [InboundUnmatched] | [InboundMatched] | [InboundMatched, InboundDue] {
  if (matched.kind === 'unmatched') return [{ type: 'inbound.unmatched', at, inbound }];
  const { kind: _, ...whose } = matched;
  const event: InboundMatched = { type: 'inbound.matched', at, inbound, ...whose };
  const { tenant, credential } = whose;
  return credential === undefined ? [event] : [event, { type: 'inbound.due', at, inbound, tenant, credential }];
}

/** The first word of its text; empty: it has none, or its beginning did not come. */
export function keywordOf(inbound: InboundMessage | undefined): string {
  if (inbound?.content.kind !== 'text' || inbound.missing?.includes(1)) return '';
  return inboundKeyword(inbound.content.text);
}

/** Whether sessions are bound with it, of that tenant. */
function isBoundBy(credentialId: string, tenant: string, { credentials }: MatchFacts): boolean {
  const credential = credentials.get(credentialId);
  return credential?.kind === 'smpp' && credential.tenantId === tenant;
}
