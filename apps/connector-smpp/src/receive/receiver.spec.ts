import { expect, test } from '@jest/globals';
import { smppConnectorSettings } from '@heliograph/registry';
import { createLog } from '@heliograph/service';
import { decodePdu, encodePdu, receiptTlvs, type PduToWrite, type RequestPdu } from '@heliograph/smpp';
import type { HeliographEvent } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { metricsOf } from '../metrics.ts';
import { createReceiver } from './receiver.ts';

function requestOf(pdu: PduToWrite): RequestPdu {
  const decoded = decodePdu(encodePdu(pdu));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu as RequestPdu;
}

/** The command_status that is answered, or undefined while there is no answer; what was stored; what was logged. */
function answerTo(
  requests: PduToWrite[],
  publish: (event: HeliographEvent) => Promise<void>,
  bury: Queue['bury'] = () => Promise.resolve(),
) {
  const logged: string[] = [];
  const log = createLog({ name: 'test', level: 'warn', instance: 'test', destination: { write: (line) => void logged.push(line) } });
  const settings = smppConnectorSettings.parse({ host: 'provider', port: 2775 });
  const receiver = createReceiver({
    connector: { id: 'demo', group: 'demo', settings, password: '' },
    queue: { publish, bury },
    metrics: metricsOf('demo'),
    log,
  });
  const answers: number[] = [];
  for (const pdu of requests) {
    receiver(requestOf(pdu), { ok: () => Boolean(answers.push(0)), error: (status) => Boolean(answers.push(status)), answered: false });
  }
  return { answers, logged };
}

const receipt: PduToWrite = { command: 'deliver_sm', sequence: 1, esm_class: 4, tlvs: receiptTlvs({ id: '1', state: 'DELIVERED' }) };
const neverStored = () => Promise.reject(new Error('nothing to store'));
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a receipt is answered once it is stored, not before', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { answers } = answerTo([receipt], () => promise);
  await turn();
  expect(answers).toEqual([]);
  resolve();
  await turn();
  expect(answers).toEqual([0]);
});

const inbound: PduToWrite = { command: 'deliver_sm', sequence: 1, short_message: Buffer.from('hi +15551234567') };

test("a handset's message is answered once it is stored, and nothing is said of it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const given: HeliographEvent[] = [];
  const { answers, logged } = answerTo([inbound], (event) => {
    given.push(event);
    return promise;
  });
  await turn();
  expect(answers).toEqual([]);
  resolve();
  await turn();
  expect(answers).toEqual([0]);
  expect(given).toMatchObject([{ type: 'inbound.received', connector: 'demo', octets: Buffer.from('hi +15551234567').toString('base64') }]);
  expect(logged).toEqual([]);
});

test("a handset's message that cannot be stored is answered so that it comes again", async () => {
  const { answers, logged } = answerTo([inbound, inbound], () => Promise.reject(new Error('full')));
  await turn();
  expect(answers).toEqual([0x64, 0x64]);
  expect(logged).toHaveLength(1);
  expect(logged[0]).not.toMatch(/15551234567|hi /);
});

test('a receipt that cannot be stored is answered so that it comes again', async () => {
  const { answers, logged } = answerTo([receipt, receipt], () => Promise.reject(new Error('full')));
  await turn();
  expect(answers).toEqual([0x64, 0x64]);
  expect(logged).toHaveLength(1);
});

test.each<[string, PduToWrite, number, RegExp]>([
  [
    'an unreadable receipt is taken, so that it does not loop',
    { command: 'deliver_sm', sequence: 1, esm_class: 4 },
    0,
    /receipt cannot be read/,
  ],
])('%s, and said once a minute', async (_, pdu, status, line) => {
  const { answers, logged } = answerTo([pdu, pdu, pdu], () => Promise.resolve());
  await turn();
  expect(answers).toEqual([status, status, status]);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toMatch(line);
  expect(logged[0]).not.toMatch(/15551234567|hi /);
});

test('an unreadable receipt is among the dead letters, whole, before it is answered', async () => {
  const stored = Promise.withResolvers<void>();
  const buried: unknown[] = [];
  const pdu: PduToWrite = {
    command: 'deliver_sm',
    sequence: 7,
    esm_class: 4,
    source_addr: '15551234567',
    short_message: Buffer.from('id:1 stat:WHATEVER'),
    tlvs: [{ tag: 0x1400, value: Buffer.from([1, 2]) }],
  };
  const { answers, logged } = answerTo([pdu], neverStored, (...letter) => {
    buried.push(letter);
    return stored.promise;
  });
  await turn();
  expect(answers).toEqual([]);
  stored.resolve();
  await turn();
  expect(answers).toEqual([0]);
  expect(JSON.parse(JSON.stringify(buried))).toMatchObject([
    [
      'receive',
      'receipt without state',
      {
        connector: 'demo',
        pdu: {
          command: 'deliver_sm',
          source_addr: '15551234567',
          short_message: Buffer.from('id:1 stat:WHATEVER').toString('base64'),
          tlvs: [{ tag: 0x1400, value: 'AQI=' }],
        },
      },
    ],
  ]);
  expect(logged.join()).not.toMatch(/15551234567|WHATEVER/);
});

test('an unreadable receipt that cannot be kept is answered so that it comes again', async () => {
  const pdu: PduToWrite = { command: 'deliver_sm', sequence: 1, esm_class: 4 };
  const { answers } = answerTo([pdu], neverStored, () => Promise.reject(new Error('full')));
  await turn();
  expect(answers).toEqual([0x64]);
});

test('a request that no provider sends is refused', () => {
  expect(answerTo([{ command: 'query_sm', sequence: 1 }], () => Promise.resolve()).answers).toEqual([0x03]);
});

test.each([{ command: 'alert_notification' }, { command: 'outbind' }] as const)(
  '$command has no answer, and is taken without one',
  (notice) => {
    const { answers, logged } = answerTo([{ ...notice, sequence: 1 }], neverStored);
    expect([answers, logged]).toEqual([[], []]);
  },
);
