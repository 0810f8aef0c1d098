import { commandIds, dataCoding, encodePdu, formatReceipt, receiptTlvs } from '@heliograph/smpp';

/**
 * The few PDUs of a load, made once by the project's codec and patched: what a message costs here is taken from what is measured beside it.
 * A message is known by its number, 0 to 99,999,999, which is the end of its destination address: that goes through every gateway unchanged,
 * and comes back as the source address of its receipt.
 */
const prefix = '4479';
const numberDigits = 8;
export const messagesMax = 10 ** numberDigits;
/** Digits of a message_id of the sink. */
export const idDigits = 16;

export const headerOctets = 16;
/** Of a PDU that stands at `at`, SMPP 3.4 §3.2. */
export const lengthAt = (octets: Buffer, at: number): number => octets.readUInt32BE(at);
export const commandAt = (octets: Buffer, at: number): number => octets.readUInt32BE(at + 4);
export const statusAt = (octets: Buffer, at: number): number => octets.readUInt32BE(at + 8);
export const sequenceAt = (octets: Buffer, at: number): number => octets.readUInt32BE(at + 12);

/** The destination of a message as HTTP doors take it, with its plus. */
export function destinationOf(n: number): string {
  return `+${prefix}${String(n).padStart(numberDigits, '0')}`;
}

/** Writes submit_sm of a message into a buffer and says where it ends. */
export interface SubmitTemplate {
  readonly octets: number;
  write(into: Buffer, at: number, n: number, sequence: number): number;
}

export function submitTemplate({ text, receipt }: { text: string; receipt: boolean }): SubmitTemplate {
  const template = encodePdu({
    command: 'submit_sm',
    sequence: 0,
    source_addr_ton: 5, // alphanumeric, SMPP 3.4 §5.2.5
    source_addr: 'Heliograph',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: destinationOf(0).slice(1),
    registered_delivery: receipt ? 1 : 0,
    data_coding: dataCoding.SMSC_DEFAULT,
    short_message: Buffer.from(text, 'latin1'),
  });
  const numberAt = template.indexOf(destinationOf(0).slice(1)) + prefix.length;
  return {
    octets: template.length,
    write(into, at, n, sequence) {
      template.copy(into, at);
      into.writeUInt32BE(sequence, at + 12);
      writeDigits(into, at + numberAt, n, numberDigits);
      return at + template.length;
    },
  };
}

/** What the sink needs of a submit_sm. Offsets are of the buffer it stands in. */
export interface SubmitView {
  /** Source: type of number, numbering plan, address and its NUL. */
  sourceAt: number;
  destinationAt: number;
  destinationEnd: number;
  /** -1: the destination is none of a load. */
  n: number;
  /** Whether a receipt is asked for (SMPP 3.4 §5.2.17). */
  receipt: boolean;
}

/** Reads the submit_sm (SMPP 3.4 §4.4.1) at `at` into `view`: one object for all, as they come 10,000 times a second. */
export function viewSubmit(octets: Buffer, at: number, view: SubmitView): void {
  view.sourceAt = octets.indexOf(0, at + headerOctets) + 1;
  view.destinationAt = octets.indexOf(0, view.sourceAt + 2) + 1;
  view.destinationEnd = octets.indexOf(0, view.destinationAt + 2) + 1;
  view.n = readDigits(octets, view.destinationEnd - 1 - numberDigits, numberDigits);
  // behind the destination: esm_class, protocol_id, priority_flag, two times, registered_delivery
  const timesAt = view.destinationEnd + 3;
  const registeredAt = octets.indexOf(0, octets.indexOf(0, timesAt) + 1) + 1;
  view.receipt = ((octets[registeredAt] ?? 0) & 0x03) === 1;
}

/** The number in the source address of a deliver_sm (SMPP 3.4 §4.6.1) at `at`; -1: none of a load. */
export function deliveredNumber(octets: Buffer, at: number): number {
  const sourceAt = octets.indexOf(0, at + headerOctets) + 1;
  return readDigits(octets, octets.indexOf(0, sourceAt + 2) - numberDigits, numberDigits);
}

const submitRespTemplate = encodePdu({ command: 'submit_sm_resp', sequence: 0, message_id: '0'.repeat(idDigits) });
export const submitRespOctets = submitRespTemplate.length;

export function writeSubmitResp(into: Buffer, at: number, sequence: number, id: number): number {
  submitRespTemplate.copy(into, at);
  into.writeUInt32BE(sequence, at + 12);
  writeDigits(into, at + headerOctets, id, idDigits);
  return at + submitRespOctets;
}

const delivered = (() => {
  const id = '0'.repeat(idDigits);
  const made = new Date();
  const text = formatReceipt({ id, state: 'DELIVERED', submitDate: made, doneDate: made });
  const pdu = encodePdu({
    command: 'deliver_sm',
    sequence: 0,
    esm_class: 0x04, // a receipt, SMPP 3.4 §5.2.12
    short_message: Buffer.from(text, 'latin1'),
    tlvs: receiptTlvs({ id, state: 'DELIVERED' }),
  });
  // service_type, and two addresses that are empty: type, plan and NUL each
  const rest = pdu.subarray(headerOctets + 1 + 3 + 3);
  const first = rest.indexOf(id);
  return { header: pdu.subarray(0, headerOctets + 1), rest, ids: [first, rest.indexOf(id, first + 1)] };
})();

/** Octets of a receipt beside the two addresses. */
export const receiptOctets = delivered.header.length + delivered.rest.length;

/** A receipt, delivered, of a message; `source` and `destination` are of the message, each with type, plan and NUL. */
export function writeReceipt(
  into: Buffer,
  at: number,
  { sequence, id, source, destination }: { sequence: number; id: number; source: Buffer; destination: Buffer },
): number {
  const restAt = at + delivered.header.length + destination.length + source.length;
  const end = restAt + delivered.rest.length;
  delivered.header.copy(into, at);
  destination.copy(into, at + delivered.header.length);
  source.copy(into, at + delivered.header.length + destination.length);
  delivered.rest.copy(into, restAt);
  into.writeUInt32BE(end - at, at);
  into.writeUInt32BE(sequence, at + 12);
  for (const idAt of delivered.ids) writeDigits(into, restAt + idAt, id, idDigits);
  return end;
}

const deliverRespTemplate = encodePdu({ command: 'deliver_sm_resp', sequence: 0 });
export const deliverRespOctets = deliverRespTemplate.length;

export function writeDeliverResp(into: Buffer, at: number, sequence: number): number {
  deliverRespTemplate.copy(into, at);
  into.writeUInt32BE(sequence, at + 12);
  return at + deliverRespOctets;
}

/** The answer to what is not of the load: binds, enquire_link and unbind; undefined: none is due. */
export function answerTo(command: number, sequence: number): Buffer | undefined {
  if (command === commandIds.enquire_link) return encodePdu({ command: 'enquire_link_resp', sequence });
  if (command === commandIds.unbind) return encodePdu({ command: 'unbind_resp', sequence });
  for (const name of ['bind_transceiver', 'bind_transmitter', 'bind_receiver'] as const)
    if (command === commandIds[name]) return encodePdu({ command: `${name}_resp`, sequence, system_id: 'sink' });
  return undefined;
}

function writeDigits(into: Buffer, at: number, value: number, digits: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10);
    into[i] = 0x30 + (rest - tens * 10);
    rest = tens;
  }
}

/** -1 where there are others than digits. */
function readDigits(octets: Buffer, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = (octets[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
