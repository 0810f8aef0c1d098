import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer, getCACertificates, setDefaultCACertificates, type Server } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startCarrier, type Carrier, type CarrierOptions } from '@heliograph/carrier-simulator';
import type { Message, MessageFailed, MessageSent, ReceiptReceived } from '@heliograph/message';
import type { Running } from '@heliograph/service';
import { eventually } from '@heliograph/testbed';
import { startPlatform, type Platform, type Seen } from './platform.ts';

jest.setTimeout(15_000);

let platform: Platform;
let app: Running;
let carriers: Carrier[] = [];
let proxies: Server[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  app = await platform.startApp();
}, 60_000);
afterEach(async () => {
  for (const carrier of carriers) await carrier.stop();
  carriers = [];
  for (const proxy of proxies) proxy.close();
  proxies = [];
  await platform.database.connector.updateMany({ data: { enabled: false } });
  platform.queue.broadcast('registry.changed', {});
});
afterAll(async () => {
  await app?.stop();
  await platform?.stop();
});

/** A provider, and a connector of this id to it. */
async function provider(
  id: string,
  options: CarrierOptions = {},
  settings: Parameters<Platform['connector']>[1] | object = {},
): Promise<Carrier> {
  const carrier = await startCarrier({ systemId: id, password: 'secret', ...options, options: { receiptDelayMs: 20, ...options.options } });
  carriers.push(carrier);
  await platform.connector(id, { port: carrier.port, responseTimeoutMs: 3_000, ...settings });
  return carrier;
}

const outcomeOf = ({ id }: Message) =>
  platform.seen.find((event): event is MessageSent | MessageFailed => 'message' in event && event.message.id === id);
const receiptsOf = (connector: string) =>
  platform.seen.filter((event): event is ReceiptReceived => event.type === 'receipt.received' && event.connector === connector);
const settled = (messages: readonly Message[]) => platform.until((seen) => countOf(seen, messages) >= messages.length);

function countOf(seen: readonly Seen[], messages: readonly Message[]): number {
  const wanted = new Set(messages.map(({ id }) => id));
  return new Set(seen.flatMap((event) => ('message' in event && wanted.has(event.message.id) ? [event.message.id] : []))).size;
}

const text = (of: string): Partial<Message> => ({ content: { kind: 'text', text: of } });
const many = (connector: string, count: number, special: (i: number) => Partial<Message> = (i) => text(`n${i}`)) =>
  Promise.all(Array.from({ length: count }, (_, i) => platform.route(connector, special(i))));

describe('a provider that is', () => {
  test('normal gets the exact texts, and the receipts carry the ids of message.sent', async () => {
    const carrier = await provider('normal');
    const texts = [
      'hello',
      'GSM extension: {[~]} |^€\\',
      'Zoë 🔆 Я',
      'Der Sinn, daß {die} Post €5 kostet. '.repeat(12).slice(0, 400),
      '🔆 Привет '.repeat(40),
    ];
    const messages = await Promise.all(texts.map((one) => platform.route('normal', text(one))));
    await settled(messages);
    expect(
      carrier
        .messages()
        .map((message) => message.text)
        .sort(),
    ).toEqual([...texts].sort());
    expect(carrier.messages()[0]).toMatchObject({ from: 'Heliograph', to: '15551234567' });
    const ids = messages.flatMap((message) => (outcomeOf(message) as MessageSent).providerIds);
    await platform.until(() => receiptsOf('normal').length >= ids.length);
    expect(
      receiptsOf('normal')
        .map(({ providerId }) => providerId)
        .sort(),
    ).toEqual([...ids].sort());
    for (const receipt of receiptsOf('normal'))
      expect(receipt).toMatchObject({ state: 'delivered', group: 'normal-group', errorCode: '000' });
    expect(messages.map(outcomeOf)).toMatchObject(
      messages.map(() => ({ type: 'message.sent', connector: 'normal', group: 'normal-group' })),
    );
    expect(carrier.stats()).toMatchObject({ duplicates: 0, incomplete: 0 });
  });

  test('slow is waited for', async () => {
    const carrier = await provider('slow', { behaviour: 'slow', options: { slowMs: 300 } }, { window: 5 });
    const messages = await many('slow', 12);
    await settled(messages);
    expect(carrier.stats()).toMatchObject({ messages: 12, distinct: 12 });
  });

  test('throttling gets everything in the end, once, and is not hammered', async () => {
    const carrier = await provider('throttling', { behaviour: 'throttling', options: { throttlePerSecond: 40 } }, { window: 60 });
    const messages = await many('throttling', 120);
    await settled(messages);
    const { messages: received, distinct, rejected } = carrier.stats();
    expect([received, distinct]).toEqual([120, 120]);
    expect(rejected).toBeGreaterThan(0);
    expect(rejected).toBeLessThan(120);
  });

  test('rejecting fails them at once, in its own word', async () => {
    await provider('rejecting', { behaviour: 'rejecting' });
    const [message] = await many('rejecting', 1);
    await settled([message as Message]);
    expect(outcomeOf(message as Message)).toMatchObject({
      type: 'message.failed',
      by: 'rejecting',
      state: 'rejected',
      reason: 'provider_rejected',
      errorCode: '0x0000000B',
    });
  });

  test('lying: the ids of hex answer and decimal receipts compare equal, and every receipt is stored', async () => {
    await provider('lying', { behaviour: 'lying' }, { respIdForm: 'hex', receiptIdForm: 'decimal' });
    const messages = await many('lying', 5);
    await settled(messages);
    await platform.until(() => receiptsOf('lying').length >= 10);
    const ids = new Set(messages.flatMap((message) => (outcomeOf(message) as MessageSent).providerIds));
    expect(new Set(receiptsOf('lying').map(({ providerId }) => providerId))).toEqual(ids);
    expect(receiptsOf('lying').every(({ state }) => state === 'undelivered')).toBe(true);
  });

  test('dropping loses nothing: only what was in the window comes twice', async () => {
    const carrier = await provider('dropping', { behaviour: 'dropping', options: { dropAfter: 30 } }, { window: 10, binds: 2 });
    const messages = await many('dropping', 100);
    await settled(messages);
    const stats = carrier.stats();
    expect(stats.distinct).toBe(100);
    expect(stats.duplicates).toBeLessThanOrEqual(10 * 2 * stats.binds);
    expect(messages.map((message) => outcomeOf(message)?.type)).toEqual(messages.map(() => 'message.sent'));
  });

  test('silent: an unknown outcome fails the message where the connector says so', async () => {
    await provider('silent', { behaviour: 'silent' }, { unknownOutcome: 'fail', responseTimeoutMs: 200 });
    const [message] = await many('silent', 1);
    await settled([message as Message]);
    expect(outcomeOf(message as Message)).toMatchObject({ state: 'failed', reason: 'provider_unknown_outcome' });
  });

  test('silent: otherwise it is sent again, until its time is over', async () => {
    const carrier = await provider('mute', { behaviour: 'silent' }, { responseTimeoutMs: 200 });
    const [message] = await many('mute', 1, () => ({ ...text('x'), validUntilMs: Date.now() + 2_000 }));
    await settled([message as Message]);
    expect(outcomeOf(message as Message)).toMatchObject({ state: 'failed', reason: 'provider_unknown_outcome' });
    expect(carrier.stats().submits).toBe(2);
  });
});

describe('a link that', () => {
  test('is cut in mid-window loses nothing', async () => {
    const carrier = await provider('cut', { behaviour: 'slow', options: { slowMs: 200 } }, { window: 20 });
    const messages = await many('cut', 60);
    await platform.until((seen) => countOf(seen, messages) >= 5);
    carrier.hangUp();
    await settled(messages);
    const stats = carrier.stats();
    expect(stats.distinct).toBe(60);
    expect(stats.duplicates).toBeLessThanOrEqual(20);
  });

  test('was never up expires what waits for it', async () => {
    await platform.connector('away', { port: 1 });
    const [message] = await many('away', 1, () => ({ ...text('x'), validUntilMs: Date.now() + 1_000 }));
    await settled([message as Message]);
    expect(outcomeOf(message as Message)).toMatchObject({ type: 'message.failed', state: 'expired', reason: 'expired', by: 'away' });
  });

  test('refuses our password is tried again, and taken when the registry has the right one', async () => {
    const carrier = await provider('locked', { password: 'other' });
    const [message] = await many('locked', 1);
    await eventually('the carrier refuses', () => carrier.stats().bindsRefused > 0);
    await platform.connector('locked', { port: carrier.port }, { password: 'other' });
    await settled([message as Message]);
    expect(outcomeOf(message as Message)?.type).toBe('message.sent');
  });
});

describe('a link over TLS', () => {
  test('is refused while the certificate does not verify, and works when it does', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    });
    const carrier = await startCarrier();
    carriers.push(carrier);
    let refused = 0;
    const proxy = createServer({ cert, key }, (secure) => pipeline(secure, connect(carrier.port, '127.0.0.1'), secure, () => {}));
    proxy.on('tlsClientError', () => refused++);
    proxies.push(proxy);
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    await platform.connector('secure', { port, host: 'localhost', tls: true });
    await eventually('the certificate is refused', () => refused > 0);
    expect(carrier.stats().sessions).toBe(0);

    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, cert]);
    const [message] = await many('secure', 1);
    await settled([message as Message]);
    expect(outcomeOf(message as Message)?.type).toBe('message.sent');
    setDefaultCACertificates(trusted);
  });
});

describe('a link over TLS to a provider with an authority of its own', () => {
  test('needs its certificate for the name that is given, and shows ours', async () => {
    const authority = await certificate('Provider CA', { isAuthority: true });
    const ours = await certificate('heliograph', { authority });
    const { cert, private: key } = await certificate('smsc.example', { authority });
    const carrier = await startCarrier();
    carriers.push(carrier);
    const shown: unknown[] = [];
    const proxy = createServer({ cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (secure) => {
      shown.push(secure.getPeerCertificate().subject.CN);
      pipeline(secure, connect(carrier.port, '127.0.0.1'), secure, () => {});
    });
    const refusals: unknown[] = [];
    proxy.on('tlsClientError', (error) => refusals.push((error as NodeJS.ErrnoException).code));
    proxies.push(proxy);
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const settings = {
      port,
      tls: true,
      tlsCaPem: authority.cert,
      tlsCertificatePem: ours.cert,
      tlsKeySealed: platform.seal(ours.private, 'connector-tls-key:private'),
    };
    await platform.connector('private', settings);
    const ofPrivate = (words: string) => platform.logged.some((line) => line.includes('"private"') && line.includes(words));
    await eventually('the name is refused', () => ofPrivate('provider cannot be reached'));

    await platform.connector('private', { ...settings, tlsServerName: 'smsc.example', tlsCertificatePem: '', tlsKeySealed: '' });
    await eventually('who shows no certificate is refused', () => refusals.includes('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'));
    expect(carrier.stats().binds).toBe(0);

    await platform.connector('private', { ...settings, tlsServerName: 'smsc.example' });
    const [message] = await many('private', 1);
    await settled([message as Message]);
    expect(outcomeOf(message as Message)?.type).toBe('message.sent');
    expect(shown.at(-1)).toBe('heliograph');
  });
});

describe('a connector that binds transmitters and receivers', () => {
  test('submits on the ones and gets its receipts on the others', async () => {
    const carrier = await provider('pairs', {}, { bind: 'tx+rx', binds: 2 });
    await eventually('all are bound', () => carrier.stats().binds === 4);
    const messages = await many('pairs', 20);
    await settled(messages);
    await platform.until(() => receiptsOf('pairs').length >= 20);
    expect(carrier.stats()).toMatchObject({ binds: 4, messages: 20, duplicates: 0 });
    expect(new Set(messages.map((message) => outcomeOf(message)?.type))).toEqual(new Set(['message.sent']));
  });

  test('binds all of them again when they are lost together', async () => {
    const carrier = await provider('storm', {}, { bind: 'tx+rx', binds: 3 });
    await eventually('all are bound', () => carrier.stats().binds === 6);
    carrier.hangUp();
    await eventually('all are bound again', () => carrier.stats().sessions === 6 && carrier.stats().binds === 12);
  });
});

describe('a provider that wants its messages otherwise gets the exact texts', () => {
  const texts = [
    'hello {€} @',
    'Zöe ç',
    'Der Sinn, daß {die} Post €5 kostet. '.repeat(12),
    'Größe {1} '.repeat(30),
    'Привет 🔆 '.repeat(30),
  ];
  test.each<[string, CarrierOptions, object]>([
    ['16-bit', {}, { longMessages: 'udh16' }],
    ['sar', {}, { longMessages: 'sar' }],
    ['payload', {}, { longMessages: 'payload' }],
    ['packed', { alphabet: 'packed' }, { gsmPacking: 'packed' }],
    ['packed-sar', { alphabet: 'packed' }, { gsmPacking: 'packed', longMessages: 'sar' }],
    ['latin1', { alphabet: 'latin1' }, { defaultAlphabet: 'latin1' }],
    ['ascii', { alphabet: 'latin1' }, { defaultAlphabet: 'ascii', longMessages: 'payload' }],
  ])('%s', async (id, options, settings) => {
    const carrier = await provider(id, options, settings);
    const messages = await Promise.all(texts.map((one) => platform.route(id, text(one))));
    await settled(messages);
    const received = carrier.messages().map((message) => message.text.replace(/\r$/, ''));
    expect(received.sort()).toEqual([...texts].sort());
    expect(carrier.stats()).toMatchObject({ incomplete: 0, duplicates: 0 });
  });

  test('and its TLVs on every part: those of the tenant that it lets through, and its own', async () => {
    const carrier = await provider(
      'tlvs',
      {},
      { passTlvs: [0x1400], addTlvs: [{ tag: 0x1402, value: '3900' }], sourceTon: 1, sourceNpi: 1 },
    );
    const sentTlvs = [
      { tag: 0x1400, value: '313000' },
      { tag: 0x1401, value: '323000' },
    ];
    const message = await platform.route('tlvs', { ...text('x'.repeat(200)), tlvs: sentTlvs });
    await settled([message]);
    expect(carrier.messages()).toMatchObject([
      {
        parts: 2,
        tlvs: [
          { tag: 0x1400, value: '313000' },
          { tag: 0x1402, value: '3900' },
        ],
      },
    ]);
  });
});

describe('the registry', () => {
  test('disables a connector: it drains and unbinds; enabled again, it sends what waited', async () => {
    const carrier = await provider('switched');
    const before = await many('switched', 3);
    await settled(before);
    await platform.connector('switched', { port: carrier.port }, { enabled: false });
    await eventually('it unbinds', () => carrier.stats().sessions === 0);
    const after = await many('switched', 3, (i) => text(`later ${i}`));
    expect(carrier.stats()).toMatchObject({ messages: 3 });
    await platform.connector('switched', { port: carrier.port });
    await settled(after);
    expect(carrier.stats()).toMatchObject({ messages: 6, distinct: 6, binds: 2 });
  });

  test('changes settings in the middle of work: nothing is lost or doubled', async () => {
    const carrier = await provider('changed', { behaviour: 'slow', options: { slowMs: 100 } }, { window: 5 });
    const messages = await many('changed', 60);
    await platform.until((seen) => countOf(seen, messages) >= 10);
    await platform.connector('changed', { port: carrier.port, window: 50, binds: 2 });
    await settled(messages);
    expect(carrier.stats()).toMatchObject({ messages: 60, distinct: 60, duplicates: 0, binds: 3 });
  });
});

test('a login code overtakes a campaign', async () => {
  const carrier = await provider('classes', { behaviour: 'slow', options: { slowMs: 50 } }, { window: 2 });
  const bulk = await many('classes', 40, (i) => ({ ...text(`bulk ${i}`), class: 'bulk' }));
  await platform.until((seen) => countOf(seen, bulk) >= 2);
  const [otp] = await many('classes', 1, () => ({ ...text('otp'), class: 'otp' }));
  await settled([otp as Message, ...bulk]);
  const order = carrier.messages().map((message) => message.text);
  expect(order.indexOf('otp')).toBeLessThan(20);
});

test('stopped in the middle of work and started again: nothing is lost or doubled', async () => {
  const carrier = await provider('stopped', { behaviour: 'slow', options: { slowMs: 100 } }, { window: 5 });
  const messages = await many('stopped', 40);
  await platform.until((seen) => countOf(seen, messages) >= 5);
  await app.stop();
  app = await platform.startApp();
  await settled(messages);
  expect(carrier.stats()).toMatchObject({ messages: 40, distinct: 40, duplicates: 0 });
});

test('what was logged holds no password, no number and no text', () => {
  const all = platform.logged.join('');
  expect(all).not.toMatch(/15551234567|Der Sinn|"secret"/);
  expect(all).toContain('bound');
});

/** A certificate for this name; signed by `authority`, or by itself. */
function certificate(
  name: string,
  { isAuthority = false, authority }: { isAuthority?: boolean; authority?: { cert: string; private: string } } = {},
) {
  return generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: isAuthority },
      ...(isAuthority ? [] : [{ name: 'subjectAltName' as const, altNames: [{ type: 2 as const, value: name }] }]),
    ],
    ...(authority ? { ca: { cert: authority.cert, key: authority.private } } : {}),
  });
}
