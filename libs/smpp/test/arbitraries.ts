import fc from 'fast-check';
import { type CommandName, commandIds } from '../src/constants.ts';
import type { PduToWrite } from '../src/pdus.ts';
import { pduTable } from '../src/pdus.ts';
import type { Tlv } from '../src/tlvs.ts';

/** PDUs of every command with fields of every legal size: for tests only, not exported from the library. */

const int1 = fc.integer({ min: 0, max: 255 });
const int4 = fc.integer({ min: 0, max: 0xffffffff });
const octets = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
const latin1 = (octetsMax: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: octetsMax - 1 }).map((codes) => String.fromCharCode(...codes));

/** Sizes by the specification, written down again on purpose: a wrong size in pdus.ts must not also be the test's. */
const cstringOctets: Record<string, number> = {
  service_type: 6,
  source_addr: 21,
  destination_addr: 21,
  schedule_delivery_time: 17,
  validity_period: 17,
  message_id: 65,
  system_id: 16,
  password: 9,
  system_type: 13,
  address_range: 41,
  final_date: 17,
  esme_addr: 65,
};

const smeAddress = { dest_addr_ton: int1, dest_addr_npi: int1, destination_addr: latin1(21) };
const others: Record<string, fc.Arbitrary<unknown>> = {
  short_message: octets(255),
  dest_address: fc.array(
    fc.oneof(
      fc.record({ dest_flag: fc.constant(1 as const), ...smeAddress }),
      fc.record({ dest_flag: fc.constant(2 as const), dl_name: latin1(21) }),
    ),
    { minLength: 1, maxLength: 254 },
  ),
  unsuccess_sme: fc.array(fc.record({ ...smeAddress, error_status_code: int4 }), { maxLength: 255 }),
};

const vendorTlvs: fc.Arbitrary<Tlv[]> = fc.array(fc.record({ tag: fc.integer({ min: 0x1400, max: 0x3fff }), value: octets(40) }), {
  maxLength: 4,
});

export function pduArbitrary(command: CommandName): fc.Arbitrary<PduToWrite> {
  const { fields, tlvs } = pduTable[command];
  const parts: Record<string, fc.Arbitrary<unknown>> = { command: fc.constant(command), status: int4, sequence: int4 };
  for (const name of Object.keys(fields)) parts[name] = others[name] ?? (name in cstringOctets ? latin1(cstringOctets[name]!) : int1);
  parts['tlvs'] = tlvs ? vendorTlvs : fc.constant([]);
  return fc.record(parts) as unknown as fc.Arbitrary<PduToWrite>;
}

export const commands = Object.keys(commandIds) as CommandName[];

export const anyPdu: fc.Arbitrary<PduToWrite> = fc.constantFrom(...commands).chain(pduArbitrary);
