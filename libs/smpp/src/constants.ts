/** The fixed vocabulary of SMPP 3.4 issue 1.2. Names are the specification's, to the letter. */

/** command_id, §5.1.2.1. A response is its request with the top bit set. */
export const commandIds = {
  generic_nack: 0x80000000,
  bind_receiver: 0x00000001,
  bind_receiver_resp: 0x80000001,
  bind_transmitter: 0x00000002,
  bind_transmitter_resp: 0x80000002,
  query_sm: 0x00000003,
  query_sm_resp: 0x80000003,
  submit_sm: 0x00000004,
  submit_sm_resp: 0x80000004,
  deliver_sm: 0x00000005,
  deliver_sm_resp: 0x80000005,
  unbind: 0x00000006,
  unbind_resp: 0x80000006,
  replace_sm: 0x00000007,
  replace_sm_resp: 0x80000007,
  cancel_sm: 0x00000008,
  cancel_sm_resp: 0x80000008,
  bind_transceiver: 0x00000009,
  bind_transceiver_resp: 0x80000009,
  outbind: 0x0000000b,
  enquire_link: 0x00000015,
  enquire_link_resp: 0x80000015,
  submit_multi: 0x00000021,
  submit_multi_resp: 0x80000021,
  alert_notification: 0x00000102,
  data_sm: 0x00000103,
  data_sm_resp: 0x80000103,
} as const;

export type CommandName = keyof typeof commandIds;

const commandNames: ReadonlyMap<number, CommandName> = new Map(
  (Object.entries(commandIds) as [CommandName, number][]).map(([name, id]) => [id, name]),
);

/** The command of a command_id, or undefined for one that 3.4 does not define. */
export function commandOfId(id: number): CommandName | undefined {
  return commandNames.get(id);
}

/** Top bit of command_id, §5.1.2: set in every response and in generic_nack. */
export function isResponseId(id: number): boolean {
  return id >= 0x80000000;
}

/** command_status, §5.1.3 table 5-2. 0x400-0x4FF are a vendor's own. */
export const commandStatus = {
  ESME_ROK: 0x00,
  ESME_RINVMSGLEN: 0x01,
  ESME_RINVCMDLEN: 0x02,
  ESME_RINVCMDID: 0x03,
  ESME_RINVBNDSTS: 0x04,
  ESME_RALYBND: 0x05,
  ESME_RINVPRTFLG: 0x06,
  ESME_RINVREGDLVFLG: 0x07,
  ESME_RSYSERR: 0x08,
  ESME_RINVSRCADR: 0x0a,
  ESME_RINVDSTADR: 0x0b,
  ESME_RINVMSGID: 0x0c,
  ESME_RBINDFAIL: 0x0d,
  ESME_RINVPASWD: 0x0e,
  ESME_RINVSYSID: 0x0f,
  ESME_RCANCELFAIL: 0x11,
  ESME_RREPLACEFAIL: 0x13,
  ESME_RMSGQFUL: 0x14,
  ESME_RINVSERTYP: 0x15,
  ESME_RINVNUMDESTS: 0x33,
  ESME_RINVDLNAME: 0x34,
  ESME_RINVDESTFLAG: 0x40,
  ESME_RINVSUBREP: 0x42,
  ESME_RINVESMCLASS: 0x43,
  ESME_RCNTSUBDL: 0x44,
  ESME_RSUBMITFAIL: 0x45,
  ESME_RINVSRCTON: 0x48,
  ESME_RINVSRCNPI: 0x49,
  ESME_RINVDSTTON: 0x50,
  ESME_RINVDSTNPI: 0x51,
  ESME_RINVSYSTYP: 0x53,
  ESME_RINVREPFLAG: 0x54,
  ESME_RINVNUMMSGS: 0x55,
  ESME_RTHROTTLED: 0x58,
  ESME_RINVSCHED: 0x61,
  ESME_RINVEXPIRY: 0x62,
  ESME_RINVDFTMSGID: 0x63,
  ESME_RX_T_APPN: 0x64,
  ESME_RX_P_APPN: 0x65,
  ESME_RX_R_APPN: 0x66,
  ESME_RQUERYFAIL: 0x67,
  ESME_RINVOPTPARSTREAM: 0xc0,
  ESME_ROPTPARNOTALLWD: 0xc1,
  ESME_RINVPARLEN: 0xc2,
  ESME_RMISSINGOPTPARAM: 0xc3,
  ESME_RINVOPTPARAMVAL: 0xc4,
  ESME_RDELIVERYFAILURE: 0xfe,
  ESME_RUNKNOWNERR: 0xff,
} as const;

export type CommandStatusName = keyof typeof commandStatus;

const statusNames: ReadonlyMap<number, string> = new Map(Object.entries(commandStatus).map(([name, status]) => [status, name]));

/** `ESME_RTHROTTLED` for 0x58; a status without a name in 3.4 is given in hex, `0x00000455`. */
export function statusName(status: number): string {
  return statusNames.get(status) ?? `0x${status.toString(16).padStart(8, '0')}`;
}

/** interface_version, §5.2.4: below this a peer knows no optional parameters and ids of at most 8 octets. */
export const INTERFACE_VERSION_3_4 = 0x34;

/** Octets of one PDU without a body, §3.2. */
export const HEADER_OCTETS = 16;

/** sm_length, §5.2.21. Longer messages travel in message_payload. Peers that write 255 are read. */
export const SHORT_MESSAGE_OCTETS_MAX = 254;

/** esm_class, §5.2.12. */
export const esmClass = {
  MODE_MASK: 0x03,
  MODE_DATAGRAM: 0x01,
  MODE_FORWARD: 0x02,
  MODE_STORE_AND_FORWARD: 0x03,
  TYPE_MASK: 0x3c,
  TYPE_DEFAULT: 0x00,
  TYPE_DELIVERY_RECEIPT: 0x04,
  TYPE_DELIVERY_ACKNOWLEDGEMENT: 0x08,
  TYPE_USER_ACKNOWLEDGEMENT: 0x10,
  TYPE_CONVERSATION_ABORT: 0x18,
  TYPE_INTERMEDIATE_NOTIFICATION: 0x20,
  UDHI: 0x40,
  REPLY_PATH: 0x80,
} as const;

/** registered_delivery, §5.2.17. */
export const registeredDelivery = {
  RECEIPT_MASK: 0x03,
  RECEIPT_NONE: 0x00,
  RECEIPT_ALWAYS: 0x01,
  RECEIPT_ON_FAILURE: 0x02,
  /** Reserved in 3.4, "on success" in 5.0. */
  RECEIPT_ON_SUCCESS: 0x03,
  ACKNOWLEDGEMENT_MASK: 0x0c,
  INTERMEDIATE: 0x10,
} as const;

/** data_coding, §5.2.19. 0xF0-0xFF carry a GSM message class. */
export const dataCoding = {
  SMSC_DEFAULT: 0x00,
  IA5: 0x01,
  OCTETS: 0x02,
  LATIN_1: 0x03,
  OCTETS_8_BIT: 0x04,
  JIS: 0x05,
  CYRILLIC: 0x06,
  HEBREW: 0x07,
  UCS2: 0x08,
  PICTOGRAM: 0x09,
  ISO_2022_JP: 0x0a,
  EXTENDED_KANJI_JIS: 0x0d,
  KS_C_5601: 0x0e,
} as const;

/** Type of number, §5.2.5. */
export const ton = {
  UNKNOWN: 0,
  INTERNATIONAL: 1,
  NATIONAL: 2,
  NETWORK_SPECIFIC: 3,
  SUBSCRIBER_NUMBER: 4,
  ALPHANUMERIC: 5,
  ABBREVIATED: 6,
} as const;

/** Numbering plan indicator, §5.2.6. */
export const npi = {
  UNKNOWN: 0,
  ISDN: 1,
  DATA: 3,
  TELEX: 4,
  LAND_MOBILE: 6,
  NATIONAL: 8,
  PRIVATE: 9,
  ERMES: 10,
  INTERNET: 14,
  WAP: 18,
} as const;
