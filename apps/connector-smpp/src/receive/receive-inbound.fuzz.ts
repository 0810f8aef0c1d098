import { expect, test } from '@jest/globals';
import { decodePdu, encodePdu, type PduOf } from '@heliograph/smpp';
import { inboundOf } from './receive-inbound.ts';

/** Whatever a provider puts into user data, it is a message, and none of its octets is lost but a header that was read. */
test('any user data with any header is a message', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
  console.log(`seed ${seed}`);
  const random = mulberry32(seed);
  const int = (below: number) => Math.floor(random() * below);
  for (let round = 0; round < 20_000; round++) {
    // headers are more likely to be nearly right than octets by chance
    const octets = Buffer.from(Array.from({ length: int(20) }, () => (random() < 0.5 ? int(8) : int(256))));
    const pdu = read({ esm_class: random() < 0.8 ? 0x40 : 0, data_coding: int(256), short_message: octets });
    const gsmPacking = random() < 0.5 ? 'packed' : 'unpacked';
    const said = JSON.stringify({ seed, round, octets: octets.toString('hex'), esm: pdu.esm_class, coding: pdu.data_coding, gsmPacking });
    const event = inboundOf(pdu, { connector: 'a', group: 'a', text: { defaultAlphabet: 'gsm', gsmPacking } }, 1, () => 'id');
    const { part, udh } = event;
    const body = Buffer.from(event.octets, 'base64');
    if (part) expect([said, part.total >= 2 && part.sequence >= 1 && part.sequence <= part.total]).toEqual([said, true]);
    // a header that is passed on is one: its length octet says how long
    if (udh !== undefined) expect([said, udh.length / 2]).toEqual([said, Number.parseInt(udh.slice(0, 2), 16) + 1]);
    if (gsmPacking === 'unpacked' || pdu.data_coding === 8) expect([said, octets.includes(body)]).toEqual([said, true]);
  }
});

function read(fields: { esm_class: number; data_coding: number; short_message: Buffer }): PduOf<'deliver_sm'> {
  const decoded = decodePdu(encodePdu({ command: 'deliver_sm', sequence: 1, ...fields }));
  if (!decoded.ok || decoded.pdu.command !== 'deliver_sm') throw new Error('not a deliver_sm');
  return decoded.pdu;
}

function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
