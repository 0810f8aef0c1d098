import { commandStatus } from './constants.ts';
import { type Cursor, fault, noOctets } from './fields.ts';

/** One optional parameter as it is on the wire, §3.2.4. Order and repetition are kept, so a PDU can be passed on unchanged. */
export type Tlv = { readonly tag: number; readonly value: Buffer };

type Kind = 'integer' | 'octets' | 'cstring' | 'flag';
type Definition<K extends Kind> = { tag: number; kind: K; octetsMin: number; octetsMax: number };

/** Written with `octets`; up to `octetsMax` are read, where peers have more than the specification. */
const integer = (tag: number, octets: 1 | 2 | 4, octetsMax: 1 | 2 | 4 = octets): Definition<'integer'> => ({
  tag,
  kind: 'integer',
  octetsMin: octets,
  octetsMax,
});
const octets = (tag: number, octetsMin: number, octetsMax: number): Definition<'octets'> => ({ tag, kind: 'octets', octetsMin, octetsMax });
const cstring = (tag: number, octetsMax: number): Definition<'cstring'> => ({ tag, kind: 'cstring', octetsMin: 1, octetsMax });

/** Every optional parameter of §5.3.2. A value of no octets is legal for all of them (§3.2.4.1 gives length no minimum). */
export const tlvTable = {
  dest_addr_subunit: integer(0x0005, 1),
  dest_network_type: integer(0x0006, 1),
  dest_bearer_type: integer(0x0007, 1),
  dest_telematics_id: integer(0x0008, 2),
  source_addr_subunit: integer(0x000d, 1),
  source_network_type: integer(0x000e, 1),
  source_bearer_type: integer(0x000f, 1),
  source_telematics_id: integer(0x0010, 1, 2), // npm smpp writes two, as §5.3.2.7 has for the destination's
  qos_time_to_live: integer(0x0017, 4),
  payload_type: integer(0x0019, 1),
  additional_status_info_text: cstring(0x001d, 256),
  receipted_message_id: cstring(0x001e, 65),
  ms_msg_wait_facilities: integer(0x0030, 1),
  privacy_indicator: integer(0x0201, 1),
  source_subaddress: octets(0x0202, 2, 23),
  dest_subaddress: octets(0x0203, 2, 23),
  user_message_reference: integer(0x0204, 2),
  user_response_code: integer(0x0205, 1),
  source_port: integer(0x020a, 2),
  destination_port: integer(0x020b, 2),
  sar_msg_ref_num: integer(0x020c, 2),
  language_indicator: integer(0x020d, 1),
  sar_total_segments: integer(0x020e, 1),
  sar_segment_seqnum: integer(0x020f, 1),
  sc_interface_version: integer(0x0210, 1),
  callback_num_pres_ind: integer(0x0302, 1),
  callback_num_atag: octets(0x0303, 1, 65),
  number_of_messages: integer(0x0304, 1),
  callback_num: octets(0x0381, 4, 19),
  dpf_result: integer(0x0420, 1),
  set_dpf: integer(0x0421, 1),
  ms_availability_status: integer(0x0422, 1),
  network_error_code: octets(0x0423, 3, 3),
  message_payload: octets(0x0424, 1, 65535),
  delivery_failure_reason: integer(0x0425, 1),
  more_messages_to_send: integer(0x0426, 1),
  message_state: integer(0x0427, 1),
  ussd_service_op: integer(0x0501, 1),
  display_time: integer(0x1201, 1),
  sms_signal: integer(0x1203, 2),
  ms_validity: integer(0x1204, 1, 4), // 5.0 adds a duration behind the octet
  alert_on_message_delivery: { tag: 0x130c, kind: 'flag', octetsMin: 0, octetsMax: 1 } as Definition<'flag'>,
  its_reply_type: integer(0x1380, 1),
  its_session_info: octets(0x1383, 2, 2),
} as const;

export type TlvName = keyof typeof tlvTable;
type ValueOfKind = { integer: number; octets: Buffer; cstring: string; flag: true };
export type TlvValue<N extends TlvName> = (typeof tlvTable)[N] extends Definition<infer K> ? ValueOfKind[K] : never;
export type TlvValues = { [N in TlvName]?: TlvValue<N> };

/** Vendors' own tags, §5.3.2 table 5-7. */
export const vendorTags = { min: 0x1400, max: 0x3fff } as const;

const namesByTag: ReadonlyMap<number, TlvName> = new Map(
  (Object.entries(tlvTable) as [TlvName, Definition<Kind>][]).map(([name, definition]) => [definition.tag, name]),
);

export function tlvNameOfTag(tag: number): TlvName | undefined {
  return namesByTag.get(tag);
}

/**
 * The first value of an optional parameter, or undefined when it is absent. An integer sent with no octets counts as absent;
 * a C-octet string is given without its NUL, which many peers leave out.
 */
export function getTlv<N extends TlvName>(tlvs: readonly Tlv[], name: N): TlvValue<N> | undefined {
  const definition: Definition<Kind> = tlvTable[name];
  for (const tlv of tlvs) {
    if (tlv.tag === definition.tag) return readers[definition.kind](tlv.value) as TlvValue<N> | undefined;
  }
  return undefined;
}

const readers: { [K in Kind]: (value: Buffer) => ValueOfKind[K] | undefined } = {
  integer: (value) => (value.length === 0 ? undefined : value.readUIntBE(0, value.length)),
  octets: (value) => value,
  cstring(value) {
    const nul = value.indexOf(0);
    return value.toString('latin1', 0, nul < 0 ? value.length : nul);
  },
  flag: () => true,
};

/**
 * Optional parameters from their names, in the order given: `tlvs({ sar_msg_ref_num: 7, sar_total_segments: 2 })`.
 * Throws RangeError for a value of the wrong size. Append raw `{ tag, value }` for a vendor's own.
 */
export function tlvs(values: TlvValues): Tlv[] {
  return (Object.entries(values) as [TlvName, number | Buffer | string | true][]).map(([name, value]) => {
    const definition: Definition<Kind> = tlvTable[name];
    const octets = tlvOctets(definition, value);
    const { octetsMin, octetsMax } = definition;
    if (octets.length < octetsMin || octets.length > octetsMax) {
      throw new RangeError(`${name} of ${octets.length} octets is not ${octetsMin} to ${octetsMax}`);
    }
    return { tag: definition.tag, value: octets };
  });
}

function tlvOctets(definition: Definition<Kind>, value: number | Buffer | string | true): Buffer {
  if (value === true) return noOctets;
  if (typeof value === 'string') return Buffer.from(`${value}\0`, 'latin1');
  if (typeof value !== 'number') return value;
  const octets = Buffer.allocUnsafe(definition.octetsMin);
  octets.writeUIntBE(value, 0, definition.octetsMin);
  return octets;
}

export const noTlvs: readonly Tlv[] = Object.freeze([]);

/** Reads optional parameters up to the end of the body. */
export function readTlvs(cursor: Cursor): readonly Tlv[] {
  if (cursor.offset === cursor.end) return noTlvs;
  const list: Tlv[] = [];
  const { octets, end } = cursor;
  while (cursor.offset < end) {
    const start = cursor.offset + 4;
    if (start > end) {
      fault(cursor, commandStatus.ESME_RINVOPTPARSTREAM, 'stray octets behind the body');
      return noTlvs;
    }
    const tag = (octets[start - 4]! << 8) | octets[start - 3]!;
    const length = (octets[start - 2]! << 8) | octets[start - 1]!;
    if (start + length > end) {
      fault(cursor, commandStatus.ESME_RINVOPTPARSTREAM, `optional parameter ${hex(tag)} of ${length} octets overruns the PDU`);
      return noTlvs;
    }
    if (!lengthAllowed(tag, length)) {
      fault(cursor, commandStatus.ESME_RINVPARLEN, `optional parameter ${hex(tag)} has ${length} octets`);
      return noTlvs;
    }
    cursor.offset = start + length;
    list.push({ tag, value: length === 0 ? noOctets : octets.subarray(start, cursor.offset) });
  }
  return list;
}

function lengthAllowed(tag: number, length: number): boolean {
  const name = namesByTag.get(tag);
  if (name === undefined || length === 0) return true;
  const { octetsMin, octetsMax }: Definition<Kind> = tlvTable[name];
  return length >= octetsMin && length <= octetsMax;
}

export function sizeTlvs(list: readonly Tlv[]): number {
  let size = 0;
  for (const tlv of list) size += 4 + tlv.value.length;
  return size;
}

export function writeTlvs(target: Buffer, offset: number, list: readonly Tlv[]): number {
  for (const { tag, value } of list) {
    target.writeUInt16BE(tag, offset);
    target.writeUInt16BE(value.length, offset + 2);
    target.set(value, offset + 4);
    offset += 4 + value.length;
  }
  return offset;
}

const hex = (tag: number): string => `0x${tag.toString(16).padStart(4, '0')}`;
