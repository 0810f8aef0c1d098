import { parseE164, parseSender } from '@heliograph/e164';
import { newId, type Content, type Message, type RefusalReason, type Sender } from '@heliograph/message';
import type { Snapshot } from '@heliograph/registry';
import { countSegments } from '@heliograph/segment';
import type { Submission } from './submission.ts';

/** An acceptable message, not charged yet, and its price. */
export type Decision =
  | { readonly ok: true; readonly message: Omit<Message, 'charge'>; readonly microCredits: bigint }
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

export const validityMsDefault = 48 * 3_600_000;
export const validityMsMax = 7 * 24 * 3_600_000;
/** How far ahead a message may be scheduled. */
export const scheduleMsMax = 7 * 24 * 3_600_000;
/** A concatenated message counts its parts in one octet (3GPP TS 23.040 §9.2.3.24.1). */
export const segmentsMax = 255;
/** User data of one short message, octets (3GPP TS 23.040 §9.2.3.16). */
const userDataOctets = 140;

/** Whether a submission is taken, at which price, and as which message. Pure but for the new id. */
export function decide(submission: Submission, snapshot: Snapshot, nowMs: number): Decision {
  const credential = snapshot.credentials.get(submission.credential);
  const tenant = credential && snapshot.tenants.get(credential.tenantId);
  // a credential that was taken back while its session or request was open
  if (!credential?.enabled || !tenant?.enabled) return refuse('not_permitted', 'the credential is not valid any more');

  const to = parseE164(submission.to.addr, {
    ...(tenant.defaultCountry === '' ? {} : { defaultCountry: tenant.defaultCountry }),
    ...(submission.to.ton === undefined ? {} : { ton: submission.to.ton }),
    ...(submission.to.npi === undefined ? {} : { npi: submission.to.npi }),
  });
  if (!to.ok) return refuse('bad_number', 'the recipient is not an international number of 7 to 15 digits');
  const from = senderOf(submission);
  if (!from)
    return refuse('bad_sender', 'the sender is neither a number, a short code of 3 to 6 digits nor a name of at most 11 characters');

  const segments = segmentsOf(submission.content);
  if (segments === 0) return refuse('empty_text', 'the message has no text');
  if (segments > segmentsMax) return refuse('text_too_long', tooLong(submission.content));

  const startMs = Math.max(nowMs, submission.sendAtMs ?? nowMs);
  // so written that a time that is none is refused, too
  if (!(startMs <= nowMs + scheduleMsMax)) return refuse('bad_schedule', 'the time to send it must be within the next 7 days');
  const validUntilMs = submission.validUntilMs ?? startMs + validityMsDefault;
  if (validUntilMs <= startMs || validUntilMs > startMs + validityMsMax)
    return refuse('bad_validity', 'the validity must end within 7 days from when the message is to be sent, and after that');
  if (submission.webhook !== undefined && !isWebUrl(submission.webhook))
    return refuse('bad_webhook', 'the webhook is not an http or https URL');

  const digits = to.number.slice(1);
  if (!snapshot.routes.longest(digits)) return refuse('unroutable', 'no route leads to this number');
  const perSegment = snapshot.price(tenant.pricePlanId, digits);
  if (perSegment === undefined) return refuse('no_price', "the tenant's price plan has no price for this number");

  return {
    ok: true,
    microCredits: perSegment * BigInt(segments),
    message: {
      id: newId(),
      tenant: tenant.id,
      credential: credential.id,
      door: submission.door,
      from,
      to: to.number,
      class: submission.class ?? 'normal',
      segments,
      acceptedAtMs: nowMs,
      ...(startMs > nowMs ? { sendAtMs: startMs } : {}),
      validUntilMs,
      registeredDelivery: submission.registeredDelivery ?? 0,
      content: submission.content,
      ...(submission.flash ? { flash: true } : {}),
      ...(submission.receiptId === undefined ? {} : { receiptId: submission.receiptId }),
      ...(submission.tlvs === undefined ? {} : { tlvs: submission.tlvs }),
      ...(submission.reference === undefined ? {} : { reference: submission.reference }),
      ...(submission.webhook === undefined ? {} : { webhook: submission.webhook }),
    },
  };
}

function refuse(reason: RefusalReason, detail: string): Decision {
  return { ok: false, reason, detail };
}

function senderOf({ from: { addr, ton, npi } }: Submission): Sender | undefined {
  if (addr === '') return { addr: '', ton: 0, npi: 0 };
  const parsed = parseSender(addr, { ...(ton === undefined ? {} : { ton }), ...(npi === undefined ? {} : { npi }) });
  return parsed.ok ? parsed.sender : undefined;
}

/** A message with its own user data header, or of octets, is one short message: we do not cut what we cannot read. */
function segmentsOf(content: Content): number {
  if (content.kind === 'text' && content.udh === undefined) return content.text === '' ? 0 : countSegments(content.text).segments;
  const headerOctets = (content.udh?.length ?? 0) / 2;
  const bodyOctets = content.kind === 'text' ? textOctets(content.text) : Buffer.byteLength(content.octets, 'base64');
  if (bodyOctets === 0 && headerOctets === 0) return 0;
  return headerOctets + bodyOctets <= userDataOctets ? 1 : segmentsMax + 1;
}

function textOctets(text: string): number {
  const { alphabet, units } = countSegments(text);
  return alphabet === 'gsm' ? Math.ceil((units * 7) / 8) : units * 2;
}

function tooLong(content: Content): string {
  return content.kind === 'text' && content.udh === undefined
    ? `the text is longer than ${segmentsMax} segments`
    : `data with its own header fits in one segment of ${userDataOctets} octets`;
}

function isWebUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
}
