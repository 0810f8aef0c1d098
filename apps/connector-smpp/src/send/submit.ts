import {
  esmClass,
  formatTime,
  npi,
  registeredDelivery,
  SHORT_MESSAGE_OCTETS_MAX,
  tlvs,
  ton,
  type RequestToSendOf,
  type Tlv,
} from '@heliograph/smpp';
import type { Message } from '@heliograph/message';
import type { SmppConnectorSettings } from '@heliograph/registry';
import { bodiesOf, type Body, type Coding, type TextForm } from './body.ts';
import { passedTlvs, type TlvRule } from './passed-tlvs.ts';

export type Submit = RequestToSendOf<'submit_sm'> & { readonly command: 'submit_sm' };

/** What a provider's submit_sm look like. */
export type SubmitForm = TextForm & TlvRule & Pick<SmppConnectorSettings, 'sourceTon' | 'sourceNpi'>;

/**
 * `segmentsEach`: SMS that the provider makes of one. `too_long`: more than 255 parts, or more octets than a peer without message_payload
 * takes. Length and alphabet were checked when the message was accepted, so of a peer of 3.4 a refusal is our own bug.
 */
export type Submits =
  | { readonly ok: true; readonly submits: readonly Submit[]; readonly segmentsEach: number }
  | { readonly ok: false; readonly reason: 'too_long' | 'not_encodable' };

/**
 * data_coding, SMPP 3.4 §5.2.19. For class 0 (shown at once) the general data coding group of 3GPP TS 23.038 §4: bit 4 says that there is a class,
 * bits 1 and 0 are it, bits 3 and 2 name the alphabet. 0xF0 would do for GSM only.
 */
const dataCodings: Record<Coding, { readonly plain: number; readonly flash: number }> = {
  gsm: { plain: 0x00, flash: 0x10 },
  default: { plain: 0x00, flash: 0x10 },
  ucs2: { plain: 0x08, flash: 0x18 },
  binary: { plain: 0x04, flash: 0x14 },
};

/**
 * The submit_sm of each segment, in order. `reference`: of the concatenation, 0..65535; only used where there are several. `optional`: whether
 * the peer knows optional parameters (interface_version 0x34 and above, §3.4.1); without them the parts of a long text have headers.
 */
export function buildSubmits(message: Message, reference: number, form: SubmitForm, optional = true): Submits {
  const textForm: TextForm = optional || form.longMessages === 'udh16' ? form : { ...form, longMessages: 'udh' };
  const made = bodiesOf(message.content, message.flash === true, reference, textForm);
  if (!made.ok) return made;
  if (!optional && made.bodies.some(({ octets }) => octets.length > SHORT_MESSAGE_OCTETS_MAX)) return { ok: false, reason: 'too_long' };
  const data_coding = dataCodings[made.coding][message.flash ? 'flash' : 'plain'];
  const validity_period = formatTime(new Date(message.validUntilMs));
  const beside = passedTlvs(message.tlvs, form);
  const submits = made.bodies.map((body): Submit => ({
    ...addressed(message, form),
    esm_class: body.udhi ? esmClass.UDHI : 0,
    validity_period, // absolute: the same at every try, and more providers take it than the relative form
    data_coding,
    ...carried(body, made.segmentsEach > 1, beside),
    // §5.2.18: of several parts to one number each would take the place of the one before
    ...(message.replaceIfPresent && made.bodies.length === 1 ? { replace_if_present_flag: 1 } : {}),
  }));
  return { ok: true, submits, segmentsEach: made.segmentsEach };
}

function addressed({ from, to, registeredDelivery: asked }: Message, { sourceTon, sourceNpi }: SubmitForm): Submit {
  return {
    command: 'submit_sm',
    source_addr_ton: sourceTon ?? from.ton,
    source_addr_npi: sourceNpi ?? from.npi,
    source_addr: from.addr,
    dest_addr_ton: ton.INTERNATIONAL,
    dest_addr_npi: npi.ISDN,
    destination_addr: to.slice(1), // E.164 has a plus sign, the wire has not: the type of number says it
    // the platform wants to know how it ended, whatever the tenant asked; what happens on the way, when the tenant does
    registered_delivery: registeredDelivery.RECEIPT_ALWAYS | (asked & registeredDelivery.INTERMEDIATE),
  };
}

/** `split`: the provider makes several SMS of it, which is for message_payload to ask (§5.3.2.32). */
function carried({ octets, part }: Body, split: boolean, beside: readonly Tlv[]): Pick<Submit, 'short_message' | 'tlvs'> {
  const inPayload = split || octets.length > SHORT_MESSAGE_OCTETS_MAX;
  const optional = [
    ...(inPayload ? tlvs({ message_payload: octets }) : []),
    ...(part ? tlvs({ sar_msg_ref_num: part.reference, sar_total_segments: part.total, sar_segment_seqnum: part.sequence }) : []),
    ...beside,
  ];
  return { ...(inPayload ? {} : { short_message: octets }), ...(optional.length > 0 ? { tlvs: optional } : {}) };
}
