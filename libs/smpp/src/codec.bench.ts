import { createRequire } from 'node:module';
import { decodePdu, encodePdu } from './codec.ts';
import { createCursor } from './fields.ts';
import { readByTable } from './codec.ts';

/** `node libs/smpp/src/codec.bench.ts`: nanoseconds per PDU, with npm `smpp` beside it in the same run. Target: 1,500 ns each. */
type NpmPdu = { toBuffer(): Buffer };
const { PDU } = createRequire(import.meta.url)('smpp') as { PDU: new (command: string | Buffer, fields?: object) => NpmPdu };

const text = Buffer.from('Your code is 482913. It is valid for ten minutes. Do not tell it to anybody, whoever asks.');
const fields = { source_addr_ton: 5, source_addr: 'Heliograph', dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '15551234567' };
const submit = { command: 'submit_sm', sequence: 7, ...fields, registered_delivery: 1, short_message: text } as const;
const resp = { command: 'submit_sm_resp', sequence: 7, message_id: '018f2b7e1c9d4a77' } as const;
const submitOctets = encodePdu(submit);
const respOctets = encodePdu(resp);
const npm = { ...fields, sequence_number: 7, registered_delivery: 1, data_coding: 0, short_message: text };

const rows: [string, () => unknown, (() => unknown)?][] = [
  ['submit_sm encode', () => encodePdu(submit), () => new PDU('submit_sm', npm).toBuffer()],
  ['submit_sm decode', () => decodePdu(submitOctets), () => new PDU(submitOctets)],
  [
    'submit_sm decode by the table',
    () => readByTable(createCursor(submitOctets, 16, submitOctets.length), 'submit_sm', 0, 7, false),
    () => new PDU(submitOctets),
  ],
  ['submit_sm_resp encode', () => encodePdu(resp), () => new PDU('submit_sm_resp', { ...resp, sequence_number: 7 }).toBuffer()],
  ['submit_sm_resp decode', () => decodePdu(respOctets), () => new PDU(respOctets)],
];

console.log(`node ${process.version}, best of 5 rounds\n`);
console.log('| what | ours, ns | npm smpp, ns | ratio |\n| --- | ---: | ---: | ---: |');
for (const [what, ours, theirs] of rows) {
  const own = nanoseconds(ours, 300_000);
  const other = theirs === undefined ? NaN : nanoseconds(theirs, 40_000);
  console.log(`| ${what} | ${own.toFixed(0)} | ${other.toFixed(0)} | ${(other / own).toFixed(1)} |`);
}

function nanoseconds(run: () => unknown, times: number): number {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / times);
  }
  return best;
}
