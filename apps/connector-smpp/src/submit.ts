import { esmClass, formatTime, npi, registeredDelivery, SHORT_MESSAGE_OCTETS_MAX, tlvs, ton, type RequestToSendOf } from '@heliograph/smpp';
import { encodeGsm, encodeUcs2, segmentText } from '@heliograph/segment';
import type { Content, Message } from '@heliograph/message';

export type Submit = RequestToSendOf<'submit_sm'> & { readonly command: 'submit_sm' };

/** `too_long`: more than 255 parts. Both were checked when the message was accepted, so a refusal here is our own bug. */
export type Submits =
  { readonly ok: true; readonly submits: readonly Submit[] } | { readonly ok: false; readonly reason: 'too_long' | 'not_encodable' };

type Body = { readonly octets: Buffer; readonly udhi: boolean };
type Bodies =
  | { readonly ok: true; readonly coding: Coding; readonly bodies: readonly Body[] }
  | { readonly ok: false; readonly reason: 'too_long' | 'not_encodable' };
type Coding = 'gsm' | 'ucs2' | 'binary';

/**
 * data_coding, SMPP 3.4 §5.2.19. For class 0 (shown at once) the general data coding group of 3GPP TS 23.038 §4: bit 4 says that there is a class,
 * bits 1 and 0 are it, bits 3 and 2 name the alphabet. 0xF0 would do for GSM only.
 */
const dataCodings: Record<Coding, { readonly plain: number; readonly flash: number }> = {
  gsm: { plain: 0x00, flash: 0x10 },
  ucs2: { plain: 0x08, flash: 0x18 },
  binary: { plain: 0x04, flash: 0x14 },
};

/** The submit_sm of each segment, in order. `reference`: of the concatenation, 0..255; only used where there are several. */
export function buildSubmits(message: Message, reference: number): Submits {
  const made = bodiesOf(message.content, reference);
  if (!made.ok) return made;
  const data_coding = dataCodings[made.coding][message.flash ? 'flash' : 'plain'];
  const validity_period = formatTime(new Date(message.validUntilMs));
  return { ok: true, submits: made.bodies.map((body) => submitOf(message, body, data_coding, validity_period)) };
}

function bodiesOf(content: Content, reference: number): Bodies {
  if (content.kind === 'binary')
    return { ok: true, coding: 'binary', bodies: [withHeader(content.udh, Buffer.from(content.octets, 'base64'))] };
  if (content.udh !== undefined) return headedText(content.text, content.udh);
  const segmented = segmentText(content.text, { reference });
  if (!segmented.ok) return segmented;
  const bodies = segmented.segments.map(({ udh, body }) =>
    udh ? { octets: Buffer.concat([udh, body]), udhi: true } : { octets: body, udhi: false },
  );
  return { ok: true, coding: segmented.alphabet, bodies };
}

/** The tenant split the message itself, or addresses a port: its header goes out as it came, and the text is not split again. */
function headedText(text: string, udh: string): Bodies {
  const gsm = encodeGsm(text);
  return { ok: true, coding: gsm ? 'gsm' : 'ucs2', bodies: [withHeader(udh, gsm ?? encodeUcs2(text))] };
}

function withHeader(udh: string | undefined, body: Buffer): Body {
  return udh === undefined ? { octets: body, udhi: false } : { octets: Buffer.concat([Buffer.from(udh, 'hex'), body]), udhi: true };
}

function submitOf({ from, to }: Message, { octets, udhi }: Body, data_coding: number, validity_period: string): Submit {
  return {
    command: 'submit_sm',
    source_addr_ton: from.ton,
    source_addr_npi: from.npi,
    source_addr: from.addr,
    dest_addr_ton: ton.INTERNATIONAL,
    dest_addr_npi: npi.ISDN,
    destination_addr: to.slice(1), // E.164 has a plus sign, the wire has not: the type of number says it
    esm_class: udhi ? esmClass.UDHI : 0,
    validity_period, // absolute: the same at every try, and more providers take it than the relative form
    registered_delivery: registeredDelivery.RECEIPT_ALWAYS, // the platform wants to know how it ended, whatever the tenant asked
    data_coding,
    ...(octets.length <= SHORT_MESSAGE_OCTETS_MAX ? { short_message: octets } : { tlvs: tlvs({ message_payload: octets }) }),
  };
}
