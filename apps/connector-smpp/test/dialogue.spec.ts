import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { receiptTlvs, tlvs, type PduToWrite } from '@heliograph/smpp';
import { done, type InboundReceived, type Message, type MessageSent, type ReceiptReceived } from '@heliograph/message';
import { startTelemetry, type Running } from '@heliograph/service';
import { createHeard, eventually } from '@heliograph/testbed';
import { startPlatform, type Platform } from './platform.ts';
import { startScripted, type Said, type Scripted } from './scripted.ts';

/** Dialogues with a provider that does what providers do and the specification did not think of. */

jest.setTimeout(20_000);

let platform: Platform;
let app: Running;
let telemetry: Awaited<ReturnType<typeof startTelemetry>>;
let provider: Scripted;

beforeAll(async () => {
  telemetry = await startTelemetry({ name: 'test', version: '0.0.0', instance: 'test', traceSampleRatio: 0 });
  platform = await startPlatform();
  app = await platform.startApp();
}, 60_000);
afterEach(async () => {
  await platform.database.connector.updateMany({ data: { enabled: false } });
  platform.queue.broadcast('registry.changed', {});
  await eventually('the connector leaves', () => provider.links.every(({ closed }) => closed));
  await provider.stop();
});
afterAll(async () => {
  await app?.stop();
  await platform?.stop();
  await telemetry?.stop();
});

async function scripted(
  connector: string,
  script?: (said: Said) => boolean,
  settings: Omit<Parameters<Platform['connector']>[1], 'port'> = {},
): Promise<void> {
  provider = await startScripted(script);
  await platform.connector(connector, { port: provider.port, responseTimeoutMs: 3_000, ...settings });
}

const outcomesOf = ({ id }: Message) => platform.seen.filter((event) => 'message' in event && event.message.id === id);
const receiptsOf = (connector: string) =>
  platform.seen.filter((event): event is ReceiptReceived => event.type === 'receipt.received' && event.connector === connector);

/** Its outcome, once it is there. */
async function sent(message: Message): Promise<readonly string[]> {
  await platform.until(() => outcomesOf(message).length > 0);
  const [outcome] = outcomesOf(message);
  expect(outcome?.type).toBe('message.sent');
  return (outcome as MessageSent).providerIds;
}

/** What a counter of this connector shows. */
async function counted(metric: string, connector: string, more = ''): Promise<number> {
  const lines = (await telemetry.prometheus()).split('\n');
  const line = lines.find((one) => one.startsWith(`heliograph_connector_smpp_${metric}_total{connector="${connector}"${more}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

const accepted = (sequence: number, message_id: string): PduToWrite => ({ command: 'submit_sm_resp', sequence, message_id });
const receipt = (id: string, special: object = {}): PduToWrite => ({
  command: 'deliver_sm',
  sequence: 1_000,
  esm_class: 0x04,
  short_message: Buffer.from(`id:${id} sub:001 dlvrd:001 submit date:2611201200 done date:2611201201 stat:DELIVRD err:000 text:`),
  ...special,
});
const nacks = () => provider.said.filter(({ pdu }) => pdu.command === 'generic_nack');

describe('a response of the provider that is', () => {
  test('behind the receipt: both are taken, under one id', async () => {
    await scripted('early');
    const message = await platform.route('early');
    const { pdu, link } = await provider.heard('submit_sm');
    link.write(receipt('0059113978'));
    expect((await provider.heard('deliver_sm_resp')).pdu).toMatchObject({ status: 0, sequence: 1_000 });
    await platform.until(() => receiptsOf('early').length > 0);
    expect(receiptsOf('early')).toMatchObject([{ providerId: '59113978', state: 'delivered' }]);
    link.write(accepted(pdu.sequence, '59113978'));
    expect(await sent(message)).toEqual(['59113978']);
  });

  test('repeated: the second is counted, and says nothing', async () => {
    await scripted('twice');
    const message = await platform.route('twice');
    const { pdu, link } = await provider.heard('submit_sm');
    link.write(accepted(pdu.sequence, 'first'), accepted(pdu.sequence, 'second'), {
      ...accepted(pdu.sequence, ''),
      status: 0x0b,
    } as PduToWrite);
    expect(await sent(message)).toEqual(['first']);
    const next = await platform.route('twice');
    const { pdu: another } = await provider.heard('submit_sm', 2);
    link.write(accepted(another.sequence, 'next'));
    expect(await sent(next)).toEqual(['next']);
    expect(outcomesOf(message)).toHaveLength(1);
    expect(await counted('unexpected_responses', 'twice')).toBe(2);
    expect(nacks()).toEqual([]);
  });

  test('late: the segment is sent again, and only the answer to that one counts', async () => {
    await scripted('late', undefined, { responseTimeoutMs: 300 });
    const message = await platform.route('late');
    const { pdu: first, link } = await provider.heard('submit_sm');
    const { pdu: second } = await provider.heard('submit_sm', 2);
    link.write(accepted(first.sequence, 'too-late'), accepted(second.sequence, 'in-time'));
    expect(await sent(message)).toEqual(['in-time']);
    expect(await counted('unexpected_responses', 'late')).toBe(1);
    expect(await counted('resent', 'late')).toBe(1);
    expect(nacks()).toEqual([]);
  });

  test('of the wrong type, or to nothing that was asked: not taken for the answer', async () => {
    await scripted('wrong');
    const message = await platform.route('wrong');
    const { pdu, link } = await provider.heard('submit_sm');
    link.write(
      { command: 'data_sm_resp', sequence: pdu.sequence, message_id: 'wrong' },
      { command: 'enquire_link_resp', sequence: pdu.sequence },
      { command: 'submit_multi_resp', sequence: pdu.sequence, message_id: 'wrong', unsuccess_sme: [] },
      accepted(pdu.sequence + 100, 'unasked'),
      accepted(pdu.sequence, 'right'),
    );
    expect(await sent(message)).toEqual(['right']);
    expect(await counted('unexpected_responses', 'wrong')).toBe(4);
    expect(nacks()).toEqual([]);
  });

  test('never coming: the outcome is unknown, and the link is kept', async () => {
    await scripted('never', undefined, { responseTimeoutMs: 200, unknownOutcome: 'fail' });
    const message = await platform.route('never');
    await platform.until(() => outcomesOf(message).length > 0);
    expect(outcomesOf(message)).toMatchObject([{ type: 'message.failed', state: 'failed', reason: 'provider_unknown_outcome' }]);
    expect(provider.links).toHaveLength(1);
  });
});

describe('a provider', () => {
  test('sends receipts by data_sm, and intermediate notifications', async () => {
    await scripted('kinds');
    const { link } = await provider.heard('bind_transceiver');
    link.write(
      { command: 'data_sm', sequence: 1, esm_class: 0x04, tlvs: receiptTlvs({ id: '7', state: 'UNDELIVERABLE' }) },
      receipt('7', { sequence: 2, esm_class: 0x20, tlvs: tlvs({ message_state: 1 }) }),
    );
    expect((await provider.heard('data_sm_resp')).pdu).toMatchObject({ status: 0, sequence: 1 });
    expect((await provider.heard('deliver_sm_resp')).pdu).toMatchObject({ status: 0, sequence: 2 });
    await platform.until(() => receiptsOf('kinds').length === 2);
    expect(new Set(receiptsOf('kinds').map(({ providerId, state }) => `${providerId} ${state}`))).toEqual(
      new Set(['7 undelivered', '7 sent']),
    );
  });

  test('hands on a text from a handset that looks like a receipt: an inbound message, and no receipt', async () => {
    const inbound = createHeard<InboundReceived>();
    await platform.queue.workEach({
      stage: 'match',
      stream: 'INBOUND',
      eventsInFlightMax: 10,
      async handle({ event }) {
        inbound.hear(event);
        return done();
      },
    });
    await scripted('forged');
    const { link } = await provider.heard('bind_transceiver');
    link.write(
      receipt('1', { sequence: 1, esm_class: 0x00 }),
      receipt('2', { sequence: 2, esm_class: 0x40 }),
      { command: 'data_sm', sequence: 3, tlvs: tlvs({ message_payload: Buffer.from('id:3 stat:DELIVRD') }) },
      receipt('4', { sequence: 4 }),
    );
    expect((await provider.heard('data_sm_resp')).pdu.status).toBe(0);
    await provider.heard('deliver_sm_resp', 3);
    const answers = provider.said.flatMap(({ pdu }) => (pdu.command === 'deliver_sm_resp' ? [[pdu.sequence, pdu.status]] : []));
    expect(new Map(answers as [number, number][])).toEqual(
      new Map([
        [1, 0],
        [2, 0],
        [4, 0],
      ]),
    );
    await platform.until(() => receiptsOf('forged').length > 0);
    expect(receiptsOf('forged').map(({ providerId }) => providerId)).toEqual(['4']);
    const handedOn = await inbound.until(({ connector, group }) => connector === 'forged' && group === 'forged-group', 3);
    expect(handedOn.map(({ octets }) => Buffer.from(octets, 'base64').toString('latin1'))).toContain('id:3 stat:DELIVRD');
  });

  test('says outbind and alert_notification: counted, and not nacked', async () => {
    await scripted('notices', ({ pdu, link }) => {
      if (pdu.command === 'bind_transceiver') link.write({ command: 'outbind', sequence: 1, system_id: 'x', password: 'x' });
      return false;
    });
    const { link } = await provider.heard('bind_transceiver');
    link.write({ command: 'alert_notification', sequence: 2, source_addr: '15551234567', esme_addr: '1' }, receipt('1'));
    await provider.heard('deliver_sm_resp');
    expect(await counted('notices', 'notices', ',notice="outbind"')).toBe(1);
    expect(await counted('notices', 'notices', ',notice="alert_notification"')).toBe(1);
    expect(nacks()).toEqual([]);
    expect(provider.links).toHaveLength(1);
  });

  test('says unbind: it is answered, and bound again after a moment', async () => {
    await scripted('leaving');
    const { link } = await provider.heard('bind_transceiver');
    const saidAtMs = performance.now();
    link.write({ command: 'unbind', sequence: 9 });
    expect((await provider.heard('unbind_resp')).pdu).toMatchObject({ status: 0, sequence: 9 });
    const message = await platform.route('leaving');
    const again = await provider.heard('bind_transceiver', 2);
    expect(performance.now() - saidAtMs).toBeGreaterThanOrEqual(500);
    expect([link.closed, again.link === link]).toEqual([true, false]);
    const { pdu } = await provider.heard('submit_sm');
    again.link.write(accepted(pdu.sequence, 'a'));
    expect(await sent(message)).toEqual(['a']);
  });

  test('does not answer enquire_link: the link is ended, and another bound', async () => {
    await scripted('deaf', ({ pdu }) => pdu.command === 'enquire_link', { enquireLinkMs: 100, responseTimeoutMs: 200 });
    const { link } = await provider.heard('bind_transceiver');
    await provider.heard('enquire_link');
    const again = await provider.heard('bind_transceiver', 2);
    expect(again.link).not.toBe(link);
    expect(link.closed).toBe(true);
    expect(platform.logged.join('')).toContain('enquire_link_timeout');
  });
});
