import { expect, test } from '@jest/globals';
import type { Acceptance } from '@heliograph/accept';
import type { RefusalReason } from '@heliograph/message';
import { commandStatus, decodePdu, encodePdu, type DestAddress, type PduOf } from '@heliograph/smpp';
import { statusOf } from './refusal.ts';
import { answerOfMulti, readSubmitMulti, type MultiSubmission } from './submit-multi.ts';

const facts = { credential: 'acme-smpp', defaultAlphabet: 'gsm', now: new Date('2026-11-20T12:00:00Z') } as const;
const batch = '019c0a70000070008000000000000001';
const sme = (destination_addr: string): DestAddress => ({ dest_flag: 1, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr });
const list: DestAddress = { dest_flag: 2, dl_name: 'friends' };
const ofList = { dest_addr_ton: 0, dest_addr_npi: 0, destination_addr: 'friends', error_status_code: commandStatus.ESME_RINVDLNAME };

function pduTo(dest_address: DestAddress[], fields: Partial<PduOf<'submit_multi'>> = {}): PduOf<'submit_multi'> {
  const common = { command: 'submit_multi', sequence: 1, source_addr: 'Acme', source_addr_ton: 5 } as const;
  const decoded = decodePdu(
    encodePdu({ ...common, short_message: Buffer.from('Hello'), dest_address, ...fields, command: 'submit_multi' }),
  );
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu as PduOf<'submit_multi'>;
}

function read(dest_address: DestAddress[]): MultiSubmission {
  const result = readSubmitMulti(pduTo(dest_address), batch, facts);
  if (!result.ok) throw new Error(String(result.status));
  return result.submission;
}

test('§4.5.1: each SME address is a message of its own, all known by the one id; a distribution list is refused by its name', () => {
  const { submissions, refused } = read([sme('447912345678'), list, sme('15551234567')]);
  const common = {
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    content: { kind: 'text', text: 'Hello' },
    class: 'normal',
    registeredDelivery: 0,
    receiptId: batch,
  };
  expect(submissions).toEqual([
    { ...common, to: { addr: '447912345678', ton: 1, npi: 1 } },
    { ...common, to: { addr: '15551234567', ton: 1, npi: 1 } },
  ]);
  expect(refused).toEqual([ofList]);
});

test('§4.5.1: what is wrong with the message itself is the answer to the whole', () => {
  const pdu = pduTo([sme('447912345678')], { validity_period: 'soon' });
  expect(readSubmitMulti(pdu, batch, facts)).toEqual({ ok: false, status: commandStatus.ESME_RINVEXPIRY });
});

const taken: Acceptance = { ok: true, id: 'own', to: '+447912345678', segments: 1, microCredits: 1n };
const refused = (reason: RefusalReason): Acceptance => ({ ok: false, reason, detail: '' });
const ofSme = (destination_addr: string, error_status_code: number) => ({
  dest_addr_ton: 1,
  dest_addr_npi: 1,
  destination_addr,
  error_status_code,
});

test.each<[string, DestAddress[], Acceptance[], object]>([
  ['all are taken', [sme('1'), sme('2')], [taken, taken], { ok: true, fields: { message_id: batch, unsuccess_sme: [] } }],
  [
    'some are: the others are told with their own status',
    [sme('1'), sme('2'), list],
    [taken, refused('bad_number')],
    { ok: true, fields: { message_id: batch, unsuccess_sme: [ofList, ofSme('2', commandStatus.ESME_RINVDSTADR)] } },
  ],
  [
    'none is, all for one reason: that is the answer',
    [sme('1'), sme('2')],
    [refused('throttled'), refused('throttled')],
    { ok: false, status: commandStatus.ESME_RTHROTTLED },
  ],
  ['a distribution list alone', [list], [], { ok: false, status: commandStatus.ESME_RINVDLNAME }],
  [
    'none is, for several reasons: told one by one, and there is no id',
    [sme('1'), sme('2')],
    [refused('no_credit'), refused('bad_number')],
    {
      ok: true,
      fields: { message_id: '', unsuccess_sme: [ofSme('1', 0x45), ofSme('2', commandStatus.ESME_RINVDSTADR)] },
    },
  ],
])('§4.5.2: %s', (_, destinations, acceptances, answer) => {
  expect(answerOfMulti(read(destinations), acceptances, batch, ({ reason }) => statusOf(reason, 0x45))).toEqual(answer);
});
