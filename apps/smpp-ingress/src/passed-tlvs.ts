import type { PassedTlv } from '@heliograph/message';
import { tlvNameOfTag, vendorTags, type Tlv, type TlvName } from '@heliograph/smpp';

/** Octets of all of them, tags and lengths included: they travel with the message through every stage. */
export const passedTlvsOctetsMax = 1_024;

/** Not passed on: what the platform acts on itself, what speaks of this session, and what only an SMSC says (SMPP 3.4 §5.3.2). */
const kept: ReadonlySet<TlvName> = new Set<TlvName>([
  'message_payload',
  'sar_msg_ref_num',
  'sar_total_segments',
  'sar_segment_seqnum',
  'user_message_reference',
  'qos_time_to_live',
  'more_messages_to_send',
  'sc_interface_version',
  'receipted_message_id',
  'message_state',
  'network_error_code',
  'delivery_failure_reason',
  'additional_status_info_text',
  'dpf_result',
  'ms_availability_status',
]);

/**
 * The optional parameters of a submission that go with the message, in the order given; undefined when they are too large. What is neither
 * of 3.4 nor a vendor's own is ignored, as SMPP 3.4 §3.3 asks.
 */
export function passedTlvs(tlvs: readonly Tlv[]): readonly PassedTlv[] | undefined {
  const passed: PassedTlv[] = [];
  let octets = 0;
  for (const { tag, value } of tlvs) {
    if (!isPassed(tag)) continue;
    octets += 4 + value.length;
    if (octets > passedTlvsOctetsMax) return undefined;
    passed.push({ tag, value: value.toString('hex') });
  }
  return passed;
}

function isPassed(tag: number): boolean {
  const name = tlvNameOfTag(tag);
  return name === undefined ? tag >= vendorTags.min && tag <= vendorTags.max : !kept.has(name);
}
