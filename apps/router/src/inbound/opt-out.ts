import { parseE164 } from '@heliograph/e164';
import type { InboundMatched, OptOutKeyword } from '@heliograph/message';
import { inboundKeyword, inboundSettingsOf, optOutSender, type OptOutSaid, type Tenant } from '@heliograph/registry';
import { optOutKeyword } from './opt-out-keyword.ts';

/** What a handset asked of a tenant with one word. */
export interface OptOutAsked {
  readonly keyword: OptOutKeyword;
  /** The first word of the text. */
  readonly word: string;
  /** Who asked: E.164 without the plus sign. */
  readonly recipient: string;
  /** What is to be kept; undefined: HELP changes nothing. */
  readonly said?: OptOutSaid;
  /** What the tenant answers to it, if anything. */
  readonly answer?: string;
}

/** As the table of opt-outs has it. */
const senderLengthMax = 32;

/**
 * Whether a message asks for no more, for some again or for help: a whole text that is one of the words, of a tenant that heeds them, from a
 * number and to something that messages can come from.
 */
export function optOutOf(
  { inbound, tenant: tenantId }: Pick<InboundMatched, 'inbound' | 'tenant'>,
  tenant: Pick<Tenant, 'defaultCountry' | 'inbound'>,
): OptOutAsked | undefined {
  const { content, missing, late, from, to, receivedAtMs } = inbound;
  if (content.kind !== 'text' || missing !== undefined || late !== undefined) return undefined;
  const { enabled, keywords, replies } = inboundSettingsOf(tenant);
  const keyword = enabled ? optOutKeyword(content.text, keywords) : undefined;
  const recipient = keyword && recipientOf(from, tenant.defaultCountry);
  const sender = optOutSender(to);
  if (!keyword || !recipient || sender === '' || sender.length > senderLengthMax || /\p{Cc}/u.test(sender)) return undefined;
  const answer = replies[keyword];
  const asked = { keyword, word: inboundKeyword(content.text), recipient, ...(answer === undefined ? {} : { answer }) };
  if (keyword === 'help') return asked;
  const state = keyword === 'stop' ? 'out' : 'in';
  return { ...asked, said: { tenantId, sender, recipient, state, via: 'keyword', at: new Date(receivedAtMs) } };
}

/** Some providers give national numbers. */
function recipientOf(from: string, defaultCountry: string): string | undefined {
  const parsed = parseE164(from, defaultCountry === '' ? {} : { defaultCountry });
  return parsed.ok ? parsed.number.slice(1) : undefined;
}
