import { commandStatus } from './constants.ts';

/**
 * The kinds of mandatory parameter, §3.1. A field knows its size, how to write itself and how to read itself; a PDU is a
 * table of them. Reading never throws: a fault is left in the cursor. Writing throws a RangeError for a value that the wire
 * cannot carry, which is our own bug.
 */
export type Field<T> = {
  readonly empty: T;
  size(value: T): number;
  /** Writes at `offset`, returns the offset behind it. */
  write(target: Buffer, offset: number, value: T): number;
  read(cursor: Cursor): T;
};

/** Where reading is. `status` 0 means no fault so far; the first fault stays. */
export type Cursor = { octets: Buffer; offset: number; end: number; status: number; reason: string };

export function createCursor(octets: Buffer, offset: number, end: number): Cursor {
  return { octets, offset, end, status: 0, reason: '' };
}

export function fault(cursor: Cursor, status: number, reason: string): void {
  if (cursor.status !== 0) return;
  cursor.status = status;
  cursor.reason = reason;
}

export const noOctets: Buffer = Buffer.alloc(0);

export const int1: Field<number> = {
  empty: 0,
  size: () => 1,
  write: (target, offset, value) => writeInt1(target, offset, value),
  read: readInt1,
};

/** C-Octet String, §3.1: `octetsMax` counts the closing NUL, as the specification's tables do. Too long answers `status`. */
export function cstring(octetsMax: number, status: number): Field<string> {
  return {
    empty: '',
    size: (value) => value.length + 1,
    write: (target, offset, value) => writeCString(target, offset, value, octetsMax),
    read: (cursor) => readCString(cursor, octetsMax, status),
  };
}

/** sm_length and short_message together, §4.4.1. */
export const shortMessage: Field<Buffer> = {
  empty: noOctets,
  size: (value) => value.length + 1,
  write: writeShortMessage,
  read: readShortMessage,
};

/** One entry of submit_multi's dest_address(es), §4.5.1.1: an SME address (dest_flag 1) or a distribution list (dest_flag 2). */
export type DestAddress =
  { dest_flag: 1; dest_addr_ton: number; dest_addr_npi: number; destination_addr: string } | { dest_flag: 2; dl_name: string };

/** number_of_dests and dest_address(es), §4.5.1: 1 to 254 destinations. */
export const destAddresses: Field<readonly DestAddress[]> = {
  empty: [],
  size: (value) => value.reduce((sum, to) => sum + (to.dest_flag === 1 ? to.destination_addr.length + 4 : to.dl_name.length + 2), 1),
  write(target, offset, value) {
    if (value.length < 1 || value.length > 254) throw new RangeError(`number_of_dests ${value.length} is not 1 to 254`);
    offset = writeInt1(target, offset, value.length);
    for (const to of value) {
      offset = writeInt1(target, offset, to.dest_flag);
      if (to.dest_flag === 2) {
        offset = writeCString(target, offset, to.dl_name, 21);
        continue;
      }
      offset = writeInt1(target, offset, to.dest_addr_ton);
      offset = writeInt1(target, offset, to.dest_addr_npi);
      offset = writeCString(target, offset, to.destination_addr, 21);
    }
    return offset;
  },
  read(cursor) {
    const count = readInt1(cursor);
    if (count < 1 || count > 254) fault(cursor, commandStatus.ESME_RINVNUMDESTS, `number_of_dests is ${count}`);
    const list: DestAddress[] = [];
    while (list.length < count && cursor.status === 0) list.push(readDestAddress(cursor));
    return list;
  },
};

function readDestAddress(cursor: Cursor): DestAddress {
  const flag = readInt1(cursor);
  if (flag === 2) return { dest_flag: 2, dl_name: readCString(cursor, 21, commandStatus.ESME_RINVDLNAME) };
  if (flag !== 1) fault(cursor, commandStatus.ESME_RINVDESTFLAG, `dest_flag is ${flag}`);
  return {
    dest_flag: 1,
    dest_addr_ton: readInt1(cursor),
    dest_addr_npi: readInt1(cursor),
    destination_addr: readCString(cursor, 21, commandStatus.ESME_RINVDSTADR),
  };
}

/** One entry of submit_multi_resp's unsuccess_sme(s), §4.5.2.1. */
export type UnsuccessSme = { dest_addr_ton: number; dest_addr_npi: number; destination_addr: string; error_status_code: number };

/** no_unsuccess and unsuccess_sme(s), §4.5.2. */
export const unsuccessSmes: Field<readonly UnsuccessSme[]> = {
  empty: [],
  size: (value) => value.reduce((sum, sme) => sum + sme.destination_addr.length + 7, 1),
  write(target, offset, value) {
    offset = writeInt1(target, offset, value.length);
    for (const sme of value) {
      offset = writeInt1(target, offset, sme.dest_addr_ton);
      offset = writeInt1(target, offset, sme.dest_addr_npi);
      offset = writeCString(target, offset, sme.destination_addr, 21);
      offset = target.writeUInt32BE(sme.error_status_code, offset);
    }
    return offset;
  },
  read(cursor) {
    const count = readInt1(cursor);
    const list: UnsuccessSme[] = [];
    while (list.length < count && cursor.status === 0) {
      list.push({
        dest_addr_ton: readInt1(cursor),
        dest_addr_npi: readInt1(cursor),
        destination_addr: readCString(cursor, 21, commandStatus.ESME_RINVDSTADR),
        error_status_code: readInt4(cursor),
      });
    }
    return list;
  },
};

export function readInt1(cursor: Cursor): number {
  if (cursor.offset >= cursor.end) {
    fault(cursor, commandStatus.ESME_RINVCMDLEN, 'the body ends inside an integer');
    return 0;
  }
  return cursor.octets[cursor.offset++]!;
}

function readInt4(cursor: Cursor): number {
  if (cursor.offset + 4 > cursor.end) {
    fault(cursor, commandStatus.ESME_RINVCMDLEN, 'the body ends inside an integer');
    return 0;
  }
  cursor.offset += 4;
  return cursor.octets.readUInt32BE(cursor.offset - 4);
}

export function readCString(cursor: Cursor, octetsMax: number, status: number): string {
  const { octets, offset: start, end } = cursor;
  const limit = start + octetsMax < end ? start + octetsMax : end;
  let at = start;
  while (at < limit && octets[at] !== 0) at++;
  if (at === limit) {
    if (limit === end && at - start < octetsMax) fault(cursor, commandStatus.ESME_RINVCMDLEN, 'the body ends inside a C-octet string');
    else fault(cursor, status, `a C-octet string is longer than ${octetsMax} octets`);
    cursor.offset = end;
    return '';
  }
  cursor.offset = at + 1;
  return at === start ? '' : octets.toString('latin1', start, at);
}

export function readShortMessage(cursor: Cursor): Buffer {
  const length = readInt1(cursor);
  const start = cursor.offset;
  if (start + length > cursor.end) {
    // §5.2.21: the length lies, which is a fault of the message, not of the command's framing.
    fault(cursor, commandStatus.ESME_RINVMSGLEN, `sm_length ${length} is beyond the body`);
    return noOctets;
  }
  cursor.offset = start + length;
  return length === 0 ? noOctets : cursor.octets.subarray(start, cursor.offset);
}

export function writeInt1(target: Buffer, offset: number, value: number): number {
  if ((value & 0xff) !== value) throw new RangeError(`${value} is not an integer of one octet`);
  target[offset] = value;
  return offset + 1;
}

/** A NUL inside would end the field early and let its rest pass for the next fields, so it is refused. */
export function writeCString(target: Buffer, offset: number, value: string, octetsMax: number): number {
  const length = value.length;
  if (length >= octetsMax) throw new RangeError(`a C-octet string of ${length + 1} octets is longer than ${octetsMax}`);
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code > 0xff) throw new RangeError(`character ${code} cannot be in a C-octet string`);
    target[offset + i] = code;
  }
  target[offset + length] = 0;
  return offset + length + 1;
}

export function writeShortMessage(target: Buffer, offset: number, value: Buffer): number {
  const length = value.length;
  if (length > 255) throw new RangeError(`short_message of ${length} octets is longer than 255; use message_payload`);
  target[offset] = length;
  target.set(value, offset + 1);
  return offset + 1 + length;
}
