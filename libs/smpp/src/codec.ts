import { type CommandName, HEADER_OCTETS, commandIds, commandOfId, commandStatus, isResponseId } from './constants.ts';
import { type Cursor, type Field, createCursor, fault } from './fields.ts';
import { type MessageName, readMessage, sizeMessage, writeMessage } from './message.ts';
import { type Pdu, type PduToWrite, pduTable } from './pdus.ts';
import { noTlvs, readTlvs, sizeTlvs, type Tlv, writeTlvs } from './tlvs.ts';

/**
 * What could not be read. `status` is the command_status to answer with; `receivedStatus` the one the PDU itself carried,
 * which is all that can be known of an illegible response.
 */
export type DecodeFailure = {
  ok: false;
  status: number;
  sequence: number;
  commandId: number;
  command?: CommandName;
  receivedStatus: number;
  reason: string;
};

export type Decoded = { ok: true; pdu: Pdu } | DecodeFailure;

/** Reads one whole PDU. Never throws. Its command_length must be the number of octets given. */
export function decodePdu(octets: Buffer): Decoded {
  if (octets.length < HEADER_OCTETS || octets.readUInt32BE(0) !== octets.length) {
    return {
      ok: false,
      status: commandStatus.ESME_RINVCMDLEN,
      sequence: octets.length >= HEADER_OCTETS ? octets.readUInt32BE(12) : 0,
      commandId: octets.length >= 8 ? octets.readUInt32BE(4) : 0,
      receivedStatus: 0,
      reason: 'command_length is not the length of the PDU',
    };
  }
  return decodePduAt(octets, 0, octets.length);
}

/** Reads the PDU in [start, end), whose command_length has been checked by the framer. */
export function decodePduAt(octets: Buffer, start: number, end: number): Decoded {
  const commandId = readUInt32(octets, start + 4);
  const status = readUInt32(octets, start + 8);
  const sequence = readUInt32(octets, start + 12);
  const command = commandOfId(commandId);
  if (command === undefined) {
    const reason = `command_id 0x${commandId.toString(16).padStart(8, '0')} is not defined`;
    return { ok: false, status: commandStatus.ESME_RINVCMDID, sequence, commandId, receivedStatus: status, reason };
  }
  const cursor = createCursor(octets, start + HEADER_OCTETS, end);
  const pdu = isMessage(command)
    ? readMessage(cursor, command, status, sequence)
    : readByTable(cursor, command, status, sequence, isResponseId(commandId));
  if (cursor.status === 0) return { ok: true, pdu };
  return { ok: false, status: cursor.status, sequence, commandId, command, receivedStatus: status, reason: cursor.reason };
}

/** Writes a PDU into a buffer of its own. Throws RangeError for a value that the wire cannot carry: our bug, not a peer's. */
export function encodePdu(pdu: PduToWrite): Buffer {
  const size = sizePdu(pdu);
  const target = Buffer.allocUnsafe(size);
  writePdu(target, 0, pdu, size);
  return target;
}

/** Octets that `pdu` takes. */
export function sizePdu(pdu: PduToWrite): number {
  const { command } = pdu;
  if (pdu.headerOnly === true) return HEADER_OCTETS;
  if (isMessage(command)) return sizeMessage(pdu as Extract<PduToWrite, { command: MessageName }>);
  let size = HEADER_OCTETS + sizeTlvs(pdu.tlvs ?? noTlvs);
  for (const [name, field] of compiled[command]) size += field.size((pdu as unknown as Bag)[name] ?? field.empty);
  return size;
}

/** Writes `pdu` at `offset`; `size` is what `sizePdu` said. */
export function writePdu(target: Buffer, offset: number, pdu: PduToWrite, size: number): void {
  const { command } = pdu;
  writeUInt32(target, offset, size);
  writeUInt32(target, offset + 4, commandIds[command]);
  writeUInt32(target, offset + 8, pdu.status ?? 0);
  writeUInt32(target, offset + 12, pdu.sequence);
  if (pdu.headerOnly === true) return;
  offset += HEADER_OCTETS;
  if (isMessage(command)) {
    writeMessage(target, offset, pdu as Extract<PduToWrite, { command: MessageName }>);
    return;
  }
  for (const [name, field] of compiled[command]) offset = field.write(target, offset, (pdu as unknown as Bag)[name] ?? field.empty);
  if (pdu.tlvs === undefined || pdu.tlvs.length === 0) return;
  if (!pduTable[command].tlvs) throw new RangeError(`${command} has no optional parameters`);
  writeTlvs(target, offset, pdu.tlvs);
}

type Bag = Record<string, unknown>;

/** The table as lists, so that the reading loop allocates nothing. */
const compiled = Object.fromEntries(
  Object.entries(pduTable).map(([command, { fields }]) => [command, Object.entries(fields)]),
) as unknown as Record<CommandName, readonly (readonly [string, Field<unknown>])[]>;

/** The table's reading of any PDU. Exported for the test that holds message.ts against it. */
export function readByTable(cursor: Cursor, command: CommandName, status: number, sequence: number, response: boolean): Pdu {
  const fields = compiled[command];
  const pdu: Bag = { command, status, sequence };
  if (response && cursor.offset === cursor.end && fields.length > 0) {
    for (const [name, field] of fields) pdu[name] = field.empty;
    pdu['headerOnly'] = true;
    pdu['tlvs'] = noTlvs;
    return pdu as unknown as Pdu;
  }
  for (const [name, field] of fields) pdu[name] = field.read(cursor);
  pdu['tlvs'] = cursor.status === 0 ? readRest(cursor, command) : noTlvs;
  return pdu as unknown as Pdu;
}

function readRest(cursor: Cursor, command: CommandName): readonly Tlv[] {
  if (pduTable[command].tlvs) return readTlvs(cursor);
  if (cursor.offset < cursor.end)
    fault(cursor, commandStatus.ESME_RINVCMDLEN, `${cursor.end - cursor.offset} stray octets behind the body`);
  return noTlvs;
}

/** submit_sm and deliver_sm are nearly all the traffic and have code of their own. */
function isMessage(command: CommandName): command is MessageName {
  return command === 'submit_sm' || command === 'deliver_sm';
}

function readUInt32(octets: Buffer, offset: number): number {
  return octets[offset]! * 0x1000000 + ((octets[offset + 1]! << 16) | (octets[offset + 2]! << 8) | octets[offset + 3]!);
}

function writeUInt32(target: Buffer, offset: number, value: number): void {
  if (value >>> 0 !== value) throw new RangeError(`${value} is not an integer of four octets`);
  target[offset] = value >>> 24;
  target[offset + 1] = (value >>> 16) & 0xff;
  target[offset + 2] = (value >>> 8) & 0xff;
  target[offset + 3] = value & 0xff;
}
