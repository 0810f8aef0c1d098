import { type CommandName, commandStatus } from './constants.ts';
import { type Field, cstring, destAddresses, int1, shortMessage, unsuccessSmes } from './fields.ts';
import type { Tlv } from './tlvs.ts';

/** The mandatory parameters of a PDU in wire order, and whether optional ones may follow. */
type Body = { readonly fields: Readonly<Record<string, Field<unknown>>>; readonly tlvs: boolean };

const s = commandStatus;
const serviceType = cstring(6, s.ESME_RINVSERTYP);
const sourceAddr = cstring(21, s.ESME_RINVSRCADR);
const destinationAddr = cstring(21, s.ESME_RINVDSTADR);
const messageId = cstring(65, s.ESME_RINVMSGID);
const scheduleDeliveryTime = cstring(17, s.ESME_RINVSCHED);
const validityPeriod = cstring(17, s.ESME_RINVEXPIRY);
const systemId = cstring(16, s.ESME_RINVSYSID);
const password = cstring(9, s.ESME_RINVPASWD);

/** §4.1.1, §4.1.3, §4.1.5. */
const bind = {
  fields: {
    system_id: systemId,
    password,
    system_type: cstring(13, s.ESME_RINVSYSTYP),
    interface_version: int1,
    addr_ton: int1,
    addr_npi: int1,
    address_range: cstring(41, s.ESME_RBINDFAIL),
  },
  tlvs: true,
} as const;

const bindResp = { fields: { system_id: systemId }, tlvs: true } as const;
const empty = { fields: {}, tlvs: false } as const;

/** 3.4 gives only data_sm_resp optional parameters; 5.0 gives them to every message response, so they are read in all. */
const messageResp = { fields: { message_id: messageId }, tlvs: true } as const;

const source = { source_addr_ton: int1, source_addr_npi: int1, source_addr: sourceAddr } as const;
const destination = { dest_addr_ton: int1, dest_addr_npi: int1, destination_addr: destinationAddr } as const;

/** What follows the addresses in submit_sm (§4.4.1), deliver_sm (§4.6.1) and submit_multi (§4.5.1). */
const message = {
  esm_class: int1,
  protocol_id: int1,
  priority_flag: int1,
  schedule_delivery_time: scheduleDeliveryTime,
  validity_period: validityPeriod,
  registered_delivery: int1,
  replace_if_present_flag: int1,
  data_coding: int1,
  sm_default_msg_id: int1,
  short_message: shortMessage,
} as const;

const shortMessagePdu = { fields: { service_type: serviceType, ...source, ...destination, ...message }, tlvs: true } as const;

/** Every PDU of 3.4 §4. The types below are derived from it. */
export const pduTable = {
  generic_nack: empty,
  bind_receiver: bind,
  bind_receiver_resp: bindResp,
  bind_transmitter: bind,
  bind_transmitter_resp: bindResp,
  bind_transceiver: bind,
  bind_transceiver_resp: bindResp,
  outbind: { fields: { system_id: systemId, password }, tlvs: false },
  unbind: empty,
  unbind_resp: empty,
  enquire_link: empty,
  enquire_link_resp: empty,
  submit_sm: shortMessagePdu,
  submit_sm_resp: messageResp,
  submit_multi: { fields: { service_type: serviceType, ...source, dest_address: destAddresses, ...message }, tlvs: true },
  submit_multi_resp: { fields: { message_id: messageId, unsuccess_sme: unsuccessSmes }, tlvs: true },
  deliver_sm: shortMessagePdu,
  deliver_sm_resp: messageResp,
  data_sm: {
    fields: {
      service_type: serviceType,
      source_addr_ton: int1,
      source_addr_npi: int1,
      source_addr: cstring(65, s.ESME_RINVSRCADR),
      dest_addr_ton: int1,
      dest_addr_npi: int1,
      destination_addr: cstring(65, s.ESME_RINVDSTADR),
      esm_class: int1,
      registered_delivery: int1,
      data_coding: int1,
    },
    tlvs: true,
  },
  data_sm_resp: messageResp,
  query_sm: { fields: { message_id: messageId, ...source }, tlvs: false },
  query_sm_resp: {
    fields: { message_id: messageId, final_date: cstring(17, s.ESME_RINVEXPIRY), message_state: int1, error_code: int1 },
    tlvs: true,
  },
  cancel_sm: { fields: { service_type: serviceType, message_id: messageId, ...source, ...destination }, tlvs: false },
  cancel_sm_resp: empty,
  replace_sm: {
    fields: {
      message_id: messageId,
      ...source,
      schedule_delivery_time: scheduleDeliveryTime,
      validity_period: validityPeriod,
      registered_delivery: int1,
      sm_default_msg_id: int1,
      short_message: shortMessage,
    },
    // None in 3.4 §4.10.1; 5.0 §4.5.3.1 allows message_payload.
    tlvs: true,
  },
  replace_sm_resp: empty,
  alert_notification: {
    fields: {
      source_addr_ton: int1,
      source_addr_npi: int1,
      source_addr: cstring(65, s.ESME_RINVSRCADR),
      esme_addr_ton: int1,
      esme_addr_npi: int1,
      esme_addr: cstring(65, s.ESME_RINVDSTADR),
    },
    tlvs: true,
  },
} as const satisfies Record<CommandName, Body>;

type Values<F> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** The mandatory parameters of a command, named as in the specification. C-octet strings are Latin-1 text without the NUL. */
export type FieldsOf<C extends CommandName> = Values<(typeof pduTable)[C]['fields']>;

/**
 * A PDU as read. `status` is command_status, `sequence` sequence_number (32 bit, unsigned). `headerOnly` marks a response
 * that came without its body (16 octets; legal with an error status, §4.4.2 note, and common with ESME_ROK): its
 * mandatory parameters then hold their empty values. Buffers are views of the octets that were read: copy what is kept long.
 */
export type PduOf<C extends CommandName> = {
  command: C;
  status: number;
  sequence: number;
  headerOnly?: true;
  tlvs: readonly Tlv[];
} & FieldsOf<C>;

/** Every PDU, discriminated by `command`. */
export type Pdu = { [C in CommandName]: PduOf<C> }[CommandName];

/** A PDU to write: what is left out is 0, empty or absent. Every `Pdu` is one. */
export type PduToWriteOf<C extends CommandName> = {
  command: C;
  status?: number;
  sequence: number;
  headerOnly?: true;
  tlvs?: readonly Tlv[];
} & Partial<FieldsOf<C>>;

export type PduToWrite = { [C in CommandName]: PduToWriteOf<C> }[CommandName];

export type ResponseName = Extract<CommandName, `${string}_resp`>;
export type RequestName = Exclude<CommandName, ResponseName | 'generic_nack'>;
/** Requests that have no response PDU: §4.1.7 outbind, §4.12 alert_notification. */
export type NoticeName = 'outbind' | 'alert_notification';
export type AnsweredName = Exclude<RequestName, NoticeName>;
export type BindName = 'bind_transmitter' | 'bind_receiver' | 'bind_transceiver';

export type RequestPdu = { [C in RequestName]: PduOf<C> }[RequestName];
export type ResponsePdu = { [C in ResponseName | 'generic_nack']: PduOf<C> }[ResponseName | 'generic_nack'];
export type BindPdu = { [C in BindName]: PduOf<C> }[BindName];

/** A request before it has a sequence number. */
export type RequestToSendOf<C extends RequestName> = Omit<PduToWriteOf<C>, 'sequence' | 'status' | 'headerOnly'>;
export type RequestToSend = { [C in AnsweredName]: RequestToSendOf<C> }[AnsweredName];
export type NoticeToSend = { [C in NoticeName]: RequestToSendOf<C> }[NoticeName];

/** The response PDU of a request, or undefined for the two that have none. */
export function responseNameOf(command: RequestName): ResponseName | undefined {
  return responseNames.get(command);
}

/** Looked up twice for each message: to join the name and find it in the table took 1 % of the profile of smpp-ingress. */
const responseNames: ReadonlyMap<string, ResponseName> = new Map(
  Object.keys(pduTable).flatMap((name) => (name.endsWith('_resp') ? [[name.slice(0, -'_resp'.length), name as ResponseName]] : [])),
);
