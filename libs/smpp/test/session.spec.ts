import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { commandStatus, encodePdu, getTlv, type PduToWrite, type Session, type SessionOptions, tlvs } from '../src/index.ts';
import { calmTimers, connectEsme, connectRaw, type Side, startSmsc } from './links.ts';
import { npmSmpp, type NpmPdu } from './npm-smpp.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function smsc(options: Partial<SessionOptions> = {}) {
  const started = await startSmsc(options);
  stops.push(started.stop);
  return started;
}

/** An SMSC session of ours with a raw peer, before bind. */
async function rawLink(options: Partial<SessionOptions> = {}) {
  const { port, sides } = await smsc(options);
  const raw = await connectRaw(port);
  stops.push(() => void raw.socket.destroy());
  return { raw, side: await sides.next() };
}

type Bind = 'bind_transmitter' | 'bind_receiver' | 'bind_transceiver';

/** The same, bound. */
async function boundRaw(command: Bind = 'bind_transceiver', options: Partial<SessionOptions> = {}, interface_version = 0x34) {
  const link = await rawLink(options);
  link.raw.send({ command, sequence: 1, system_id: 'tenant', password: 'pw', interface_version });
  (await link.side.requests.next()).reply.ok({ system_id: 'heliograph' });
  await link.raw.pdus.next();
  return link;
}

/** Both sides ours, bound. */
async function bothOurs(smscOptions: Partial<SessionOptions> = {}, esmeOptions: Partial<SessionOptions> = {}) {
  const { port, sides } = await smsc(smscOptions);
  const esme = await connectEsme(port, esmeOptions);
  stops.push(() => esme.session.close());
  const theirs = await sides.next();
  const binding = esme.session.bind({ command: 'bind_transceiver', system_id: 'tenant', password: 'pw', interface_version: 0x34 });
  (await theirs.requests.next()).reply.ok({ system_id: 'heliograph' });
  expect(await binding).toMatchObject({ kind: 'response', pdu: { command: 'bind_transceiver_resp', status: 0 } });
  return { esme, smsc: theirs };
}

/** The octets of a golden vector. */
const vector = (name: string): Buffer => {
  const [head] = readFileSync(new URL(`../testdata/${name}.hex`, import.meta.url), 'utf8').split('\n=>') as [string];
  return Buffer.from(head.split('\n').slice(1).join(''), 'hex');
};

const submit = (sequence: number): PduToWrite => ({
  command: 'submit_sm',
  sequence,
  destination_addr: '1',
  short_message: Buffer.from('hi'),
});

describe('bind (§4.1)', () => {
  test.each([
    ['bind_transmitter', 'bound_tx'],
    ['bind_receiver', 'bound_rx'],
    ['bind_transceiver', 'bound_trx'],
  ] as const)('%s, accepted, makes the session %s', async (command, state) => {
    const { raw, side } = await rawLink();
    expect(side.session.state).toBe('open');
    raw.send({ command, sequence: 1, system_id: 'tenant', password: 'pw', interface_version: 0x34 });
    const { pdu, reply } = await side.requests.next();
    expect(pdu).toMatchObject({ command, system_id: 'tenant', password: 'pw' });
    reply.ok({ system_id: 'heliograph' });
    const answer = await raw.pdus.next();
    expect(answer).toMatchObject({ command: `${command}_resp`, status: 0, sequence: 1, system_id: 'heliograph' });
    expect(getTlv(answer.tlvs, 'sc_interface_version')).toBe(0x34);
    expect(side.session).toMatchObject({ state, systemId: 'tenant', interfaceVersion: 0x34 });
  });

  test('refused, is answered by 16 octets and leaves the session open for another', async () => {
    const { raw, side } = await rawLink();
    raw.send({ command: 'bind_transceiver', sequence: 1, system_id: 'tenant', password: 'no' });
    (await side.requests.next()).reply.error(commandStatus.ESME_RBINDFAIL);
    expect(await raw.pdus.next()).toMatchObject({ status: commandStatus.ESME_RBINDFAIL, headerOnly: true });
    raw.send({ command: 'bind_transceiver', sequence: 2, system_id: 'tenant', password: 'yes' });
    (await side.requests.next()).reply.ok();
    expect(await raw.pdus.next()).toMatchObject({ status: 0, sequence: 2 });
  });

  test('a 3.3 peer gets no optional parameters, in bind_resp or later', async () => {
    const { raw, side } = await rawLink();
    raw.send({ command: 'bind_transceiver', sequence: 1, interface_version: 0x33 });
    (await side.requests.next()).reply.ok({ system_id: 'heliograph' });
    expect((await raw.pdus.next()).tlvs).toEqual([]);
    void side.session.request({ command: 'deliver_sm', tlvs: tlvs({ message_state: 2 }) });
    expect(await raw.pdus.next()).toMatchObject({ command: 'deliver_sm', tlvs: [] });
  });

  test('again when bound, or while one is being answered, is 0x05', async () => {
    const { raw, side } = await rawLink();
    raw.send({ command: 'bind_transceiver', sequence: 1 }, { command: 'bind_receiver', sequence: 2 });
    expect(await raw.pdus.next()).toMatchObject({ sequence: 2, status: commandStatus.ESME_RALYBND });
    (await side.requests.next()).reply.ok();
    expect(await raw.pdus.next()).toMatchObject({ sequence: 1, status: 0 });
    raw.send({ command: 'bind_transceiver', sequence: 3 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'bind_transceiver_resp', sequence: 3, status: commandStatus.ESME_RALYBND });
  });

  test('a deliver_sm in the same chunk as bind_resp finds the session bound', async () => {
    const { port, sides } = await smsc({
      onRequest: (_pdu, reply) => void reply.ok({ system_id: 'heliograph' }),
    });
    const esme = await connectEsme(port);
    stops.push(() => esme.session.close());
    const side = await sides.next();
    const binding = esme.session.bind({ command: 'bind_receiver', system_id: 'a' });
    for (let event = await side.events.next(); event.kind !== 'state';) event = await side.events.next();
    const delivering = side.session.request({ command: 'deliver_sm', short_message: Buffer.from('mo') });
    (await esme.requests.next()).reply.ok();
    expect(await binding).toMatchObject({ kind: 'response' });
    expect(await delivering).toMatchObject({ kind: 'response', pdu: { command: 'deliver_sm_resp', status: 0 } });
  });
});

describe('state table (§2.2.1)', () => {
  const RINVBNDSTS = commandStatus.ESME_RINVBNDSTS;
  test.each(['submit_sm', 'data_sm', 'query_sm', 'cancel_sm', 'replace_sm', 'deliver_sm', 'unbind'] as const)(
    '%s before bind is 0x04',
    async (command) => {
      const { raw } = await rawLink();
      raw.send({ command, sequence: 5 });
      expect(await raw.pdus.next()).toMatchObject({ command: `${command}_resp`, sequence: 5, status: RINVBNDSTS });
    },
  );

  test('unbind of ours waits until the peer has the answers it is owed (§4.2)', async () => {
    const { raw, side } = await boundRaw();
    raw.send(submit(5));
    const { reply } = await side.requests.next();
    const ended = side.session.unbind();
    reply.ok({ message_id: 'x' });
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', sequence: 5, status: 0 });
    const unbind = await raw.pdus.next();
    expect(unbind).toMatchObject({ command: 'unbind' });
    raw.send({ command: 'unbind_resp', sequence: (unbind as { sequence: number }).sequence });
    await ended;
  });

  test('submit_sm in a receiver session is 0x04, and 16 octets', async () => {
    const { raw } = await boundRaw('bind_receiver');
    raw.send(submit(5));
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', status: RINVBNDSTS, headerOnly: true });
  });

  test('deliver_sm from an ESME is 0x04', async () => {
    const { raw } = await boundRaw();
    raw.send({ command: 'deliver_sm', sequence: 5 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'deliver_sm_resp', status: RINVBNDSTS });
  });

  test('alert_notification and outbind from an ESME, which have no response, get a generic_nack', async () => {
    const { raw } = await boundRaw();
    raw.send({ command: 'alert_notification', sequence: 5 }, { command: 'outbind', sequence: 6 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'generic_nack', sequence: 5, status: RINVBNDSTS });
    expect(await raw.pdus.next()).toMatchObject({ command: 'generic_nack', sequence: 6, status: RINVBNDSTS });
  });

  test('enquire_link is answered in every state, before bind too', async () => {
    const { raw, side } = await rawLink();
    raw.send({ command: 'enquire_link', sequence: 5 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 5, status: 0 });
    raw.send({ command: 'bind_transmitter', sequence: 6 });
    (await side.requests.next()).reply.ok();
    await raw.pdus.next();
    raw.send({ command: 'enquire_link', sequence: 7 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 7 });
  });

  test('our own deliver_sm in a transmitter session rejects: a bug of ours', async () => {
    const { side } = await boundRaw('bind_transmitter');
    await expect(side.session.request({ command: 'deliver_sm' })).rejects.toThrow('deliver_sm may not be sent by the smsc in bound_tx');
  });
});

describe('requests of the peer', () => {
  test('are answered out of order, each once', async () => {
    const { raw, side } = await boundRaw();
    raw.send(submit(10), submit(11));
    const first = await side.requests.next();
    const second = await side.requests.next();
    expect(side.session.held).toBe(2);
    expect(second.reply.ok({ message_id: 'b' })).toBe(true);
    expect(first.reply.error(commandStatus.ESME_RTHROTTLED)).toBe(true);
    expect(first.reply.ok({ message_id: 'a' })).toBe(false);
    expect(first.reply.answered).toBe(true);
    expect(await raw.pdus.next()).toMatchObject({ sequence: 11, status: 0, message_id: 'b' });
    expect(await raw.pdus.next()).toMatchObject({ sequence: 10, status: 0x58, headerOnly: true });
    expect(side.session.held).toBe(0);
  });

  test('answered after the session closed are answered to nobody', async () => {
    const { raw, side } = await boundRaw();
    raw.send(submit(10));
    const { reply } = await side.requests.next();
    raw.socket.destroy();
    await side.closed;
    expect(reply.ok({ message_id: 'a' })).toBe(false);
    expect(reply.error(8)).toBe(false);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
  ])('are answered ESME_RSYSERR when the application %s', async (_how, fail) => {
    const { raw, side } = await rawLink({ onRequest: fail });
    raw.send({ command: 'bind_transceiver', sequence: 1 });
    expect(await raw.pdus.next()).toMatchObject({ status: commandStatus.ESME_RSYSERR });
    expect(side.events.seen).toContainEqual(expect.objectContaining({ kind: 'handler_failed', command: 'bind_transceiver' }));
  });

  test('beyond receiveWindowMax are not read until one is answered', async () => {
    const { raw, side } = await boundRaw('bind_transceiver', { receiveWindowMax: 2 });
    raw.send(submit(10), submit(11), submit(12), submit(13));
    const first = await side.requests.next();
    await side.requests.next();
    for (let event = await side.events.next(); event.kind !== 'reading';) event = await side.events.next();
    expect(side.session.held).toBe(2);
    expect(side.requests.seen.length).toBe(3); // with the bind
    expect(side.session.bytesBuffered).toBeGreaterThan(0);
    first.reply.ok({ message_id: 'a' });
    expect((await side.requests.next()).pdu.sequence).toBe(12);
  });

  test('of a peer that stops reading for a while all are answered once it reads again', async () => {
    const { raw, side } = await rawLink({
      receiveWindowMax: 1e9,
      onRequest: (_pdu, reply) => void reply.ok({ message_id: 'm'.repeat(64) }),
    });
    raw.send({ command: 'bind_transceiver', sequence: 1 });
    await raw.pdus.next();
    raw.socket.pause();
    // 60,000 answers of 81 octets are 4.8 MB: more than the two socket buffers and our 256 KiB hold.
    for (let sequence = 0; sequence < 60_000; sequence++) raw.socket.write(encodePdu(submit(sequence)));
    for (let event = await side.events.next(); event.kind !== 'reading';) event = await side.events.next();
    expect(side.session.windowFree).toBe(0);
    const room = new Promise<boolean>((resolve) => side.session.whenWindowFree(resolve));
    raw.socket.resume();
    await room;
    for (let sequence = 0; sequence < 60_000; sequence++) {
      const answer = await raw.pdus.next();
      if (answer.sequence !== sequence) throw new Error(`${answer.sequence} came for ${sequence}`);
    }
    expect(side.session.bytesBuffered).toBe(0);
  });

  test('a peer that sends and does not read is not read either, and is closed after responseMs', async () => {
    const timers = { ...calmTimers, responseMs: 100 };
    const { raw, side } = await rawLink({
      timers,
      receiveWindowMax: 1e9,
      onRequest: (pdu, reply) => void reply.ok(pdu.command === 'query_sm' ? { message_id: 'm'.repeat(64) } : {}),
    });
    raw.send({ command: 'bind_transceiver', sequence: 1 });
    await raw.pdus.next();
    raw.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 2000 }, (_, i) => encodePdu({ command: 'query_sm', sequence: i, message_id: 'm' })));
    let waitingMax = 0;
    const pour = (): void => {
      while (!raw.socket.destroyed && raw.socket.write(flood));
      waitingMax = Math.max(waitingMax, side.session.bytesBuffered);
    };
    raw.socket.on('drain', pour);
    pour();
    expect(await side.closed).toMatchObject({ code: 'peer_not_reading' });
    // 256 KiB that wait, what one pump may add to them, one chunk read and not yet understood.
    expect(waitingMax).toBeLessThan(512 * 1024);
  });
});

describe('requests of ours', () => {
  test('resolve with their responses, whatever the order', async () => {
    const { esme, smsc } = await bothOurs();
    const one = esme.session.request({ command: 'submit_sm', destination_addr: '1' });
    const two = esme.session.request({ command: 'query_sm', message_id: 'm' });
    const asked = [await smsc.requests.next(), await smsc.requests.next()];
    asked[1]!.reply.ok({ message_id: 'm', message_state: 2 });
    asked[0]!.reply.ok({ message_id: 'a' });
    expect(await one).toMatchObject({ kind: 'response', pdu: { command: 'submit_sm_resp', message_id: 'a' } });
    expect(await two).toMatchObject({ kind: 'response', pdu: { command: 'query_sm_resp', message_state: 2 } });
  });

  test('beyond windowMax are queued and go out as answers come', async () => {
    const { esme, smsc } = await bothOurs({}, { windowMax: 2 });
    const outcomes = [1, 2, 3].map((i) => esme.session.request({ command: 'submit_sm', destination_addr: `${i}` }));
    expect(esme.session).toMatchObject({ windowFree: 0, outstanding: 3 });
    const room = new Promise<boolean>((resolve) => esme.session.whenWindowFree(resolve));
    for (let i = 0; i < 3; i++) (await smsc.requests.next()).reply.ok({ message_id: `${i}` });
    expect(await Promise.all(outcomes)).toMatchObject([0, 1, 2].map((i) => ({ pdu: { message_id: `${i}` } })));
    expect(await room).toBe(true);
    expect(esme.session.windowFree).toBe(2);
  });

  test('without an answer time out, and a late answer is counted, not taken', async () => {
    const { esme, smsc } = await bothOurs({}, { timers: { ...calmTimers, responseMs: 40 } });
    const outcome = esme.session.request({ command: 'submit_sm' });
    const { reply } = await smsc.requests.next();
    expect(await outcome).toEqual({ kind: 'timeout' });
    reply.ok({ message_id: 'late' });
    for (let event = await esme.events.next(); event.kind !== 'unexpected_response';) event = await esme.events.next();
    expect(esme.session.counters).toMatchObject({ timeouts: 1, unexpectedResponses: 1 });
    expect(esme.session.state).toBe('bound_trx');
  });

  test('answered by generic_nack resolve with it', async () => {
    const { raw, side } = await boundRaw();
    const outcome = side.session.request({ command: 'deliver_sm' });
    const { sequence } = await raw.pdus.next();
    raw.send({ command: 'generic_nack', sequence, status: commandStatus.ESME_RINVCMDID });
    expect(await outcome).toMatchObject({ kind: 'response', pdu: { command: 'generic_nack', status: 3 } });
  });

  test('answered by a response of the wrong kind, or twice, take the first right one; none is nacked (§3.3)', async () => {
    const { raw, side } = await boundRaw();
    const outcome = side.session.request({ command: 'deliver_sm' });
    const { sequence } = await raw.pdus.next();
    raw.send(
      { command: 'data_sm_resp', sequence },
      { command: 'deliver_sm_resp', sequence, status: 1 },
      { command: 'deliver_sm_resp', sequence },
      { command: 'generic_nack', sequence: 0 },
      { command: 'submit_sm_resp', sequence: 999 },
      Buffer.from('00000010800000990000000000000005', 'hex'),
      { command: 'enquire_link', sequence: 77 },
    );
    expect(await outcome).toMatchObject({ kind: 'response', pdu: { command: 'deliver_sm_resp', status: 1 } });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 77 });
    expect(side.session.counters.unexpectedResponses).toBe(5);
  });

  test('answered illegibly are malformed, with the status that came', async () => {
    const { raw, side } = await boundRaw();
    const outcome = side.session.request({ command: 'deliver_sm' });
    const { sequence } = await raw.pdus.next();
    const illegible = Buffer.from('00000013800000050000000800000000616263', 'hex');
    illegible.writeUInt32BE(sequence, 12);
    raw.send(illegible);
    expect(await outcome).toMatchObject({ kind: 'malformed', status: 8 });
  });

  test('out of range reject, and harm nothing', async () => {
    const { esme, smsc } = await bothOurs();
    await expect(esme.session.request({ command: 'submit_sm', destination_addr: '1'.repeat(30) })).rejects.toThrow(/longer than 21/);
    const good = esme.session.request({ command: 'submit_sm' });
    (await smsc.requests.next()).reply.ok({ message_id: 'a' });
    expect(await good).toMatchObject({ kind: 'response' });
  });

  test('when the session closes tell whether they were written', async () => {
    const { esme, smsc } = await bothOurs({}, { windowMax: 1 });
    const written = esme.session.request({ command: 'submit_sm' });
    const queued = esme.session.request({ command: 'submit_sm' });
    await smsc.requests.next();
    smsc.session.close();
    expect(await written).toEqual({ kind: 'closed', written: true });
    expect(await queued).toEqual({ kind: 'closed', written: false });
    expect(await esme.session.request({ command: 'submit_sm' })).toEqual({ kind: 'closed', written: false });
    expect(await esme.closed).toEqual({ code: 'peer_closed' });
  });
});

describe('whenWindowFree', () => {
  /** Watches as a pump does that has more to send than will ever fit: it asks again whenever it is told. */
  function pumping(session: Session) {
    const told: boolean[] = [];
    const pump = (takesRequests: boolean): void => {
      told.push(takesRequests);
      if (session.windowFree === 0) session.whenWindowFree(pump);
    };
    const registered = session.whenWindowFree(pump);
    return { told, registered };
  }

  /** A queue of microtasks that does not empty would never come to the next turn. */
  const nextTurns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  test('calls back with true once an answer makes room, not before', async () => {
    const { esme, smsc } = await bothOurs({}, { windowMax: 1 });
    const answered = esme.session.request({ command: 'submit_sm' });
    const { told, registered } = pumping(esme.session);
    const { reply } = await smsc.requests.next();
    expect([registered, told]).toEqual([true, []]);
    reply.ok();
    await answered;
    await nextTurns();
    expect(told).toEqual([true]);
  });

  test('with room already calls back, but in a later turn: a pump that sends nothing does not starve the sockets', async () => {
    const { esme } = await bothOurs();
    let microtasksPassed = false;
    const called = new Promise<boolean>((resolve) => esme.session.whenWindowFree(() => resolve(microtasksPassed)));
    for (let i = 0; i < 100; i++) await Promise.resolve();
    microtasksPassed = true;
    expect(await called).toBe(true);
  });

  test.each([
    ['our unbind', (ours: Session) => void ours.unbind()],
    ['our close', (ours: Session) => ours.close()],
    ['the unbind of the peer', (_ours: Session, theirs: Session) => void theirs.unbind()],
    ['the close of the peer', (_ours: Session, theirs: Session) => theirs.close()],
  ])('is told false once by %s, and a pump that asks again is not called again', async (_what, finish) => {
    const { esme, smsc } = await bothOurs({}, { windowMax: 1 });
    void esme.session.request({ command: 'submit_sm' });
    const { told } = pumping(esme.session);
    const { reply } = await smsc.requests.next();
    finish(esme.session, smsc.session);
    reply.ok();
    await esme.closed;
    await nextTurns();
    // Whether the last answer or the end comes first is the network's choice; the end comes exactly once, and last.
    expect(told.filter((takesRequests) => !takesRequests)).toEqual([false]);
    expect(told.at(-1)).toBe(false);
  });

  test('of a session that unbinds or is closed returns false and never calls back', async () => {
    const { esme, smsc } = await bothOurs();
    void esme.session.request({ command: 'submit_sm' });
    const { reply } = await smsc.requests.next();
    const done = esme.session.unbind();
    expect(esme.session).toMatchObject({ state: 'unbinding', windowFree: 0 });
    const unbinding = pumping(esme.session);
    reply.ok();
    await done;
    const closed = pumping(esme.session);
    await nextTurns();
    expect([unbinding, closed]).toEqual([
      { registered: false, told: [] },
      { registered: false, told: [] },
    ]);
  });

  test('before bind waits for it: nothing but a bind may be sent', async () => {
    const { raw, side } = await rawLink();
    expect(side.session).toMatchObject({ state: 'open', windowFree: 0 });
    const { told, registered } = pumping(side.session);
    await nextTurns();
    expect([registered, told]).toEqual([true, []]);
    raw.send({ command: 'bind_transceiver', sequence: 1 });
    (await side.requests.next()).reply.ok();
    await nextTurns();
    expect([told, side.session.windowFree]).toEqual([[true], 10]);
  });
});

describe('unbind (§4.2)', () => {
  test('of the peer is answered after what is held, then the link closes', async () => {
    const { raw, side } = await boundRaw();
    raw.send(submit(10), { command: 'unbind', sequence: 11 }, submit(12));
    const { reply } = await side.requests.next();
    expect(await raw.pdus.next()).toMatchObject({ sequence: 12, status: commandStatus.ESME_RINVBNDSTS });
    expect(side.session.state).toBe('unbinding');
    reply.ok({ message_id: 'a' });
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', sequence: 10 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'unbind_resp', sequence: 11, status: 0 });
    expect(await side.closed).toEqual({ code: 'unbound' });
  });

  test('of the peer waits for what it owes us: its answers may be on their way', async () => {
    const { raw, side } = await boundRaw('bind_receiver');
    const asking = side.session.request({ command: 'deliver_sm' });
    const { sequence } = (await raw.pdus.next()) as { sequence: number };
    raw.send({ command: 'unbind', sequence: 11 }, { command: 'deliver_sm_resp', sequence });
    expect(await asking).toMatchObject({ kind: 'response', pdu: { status: 0 } });
    expect(await raw.pdus.next()).toMatchObject({ command: 'unbind_resp', sequence: 11, status: 0 });
    expect(await side.closed).toEqual({ code: 'unbound' });
  });

  test('of the peer is answered after responseMs although it owes us answers', async () => {
    const { raw, side } = await boundRaw('bind_receiver', { timers: { ...calmTimers, responseMs: 40 } });
    const asking = side.session.request({ command: 'deliver_sm' });
    await raw.pdus.next();
    raw.send({ command: 'unbind', sequence: 11 });
    expect((await asking).kind).not.toBe('response');
    expect(await raw.pdus.next()).toMatchObject({ command: 'unbind_resp', sequence: 11 });
  });

  test('of ours crosses with a submit: it is handled, and answered before the link closes', async () => {
    const { raw, side } = await boundRaw();
    const ended = side.session.unbind();
    const { sequence } = (await raw.pdus.next()) as { sequence: number };
    raw.send(submit(10), { command: 'unbind_resp', sequence });
    (await side.requests.next()).reply.ok({ message_id: 'a' });
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', sequence: 10, status: 0 });
    await ended;
    expect(await side.closed).toEqual({ code: 'unbound' });
  });

  test('of ours waits for our answers, then unbinds and closes', async () => {
    const { esme, smsc } = await bothOurs();
    const submitting = esme.session.request({ command: 'submit_sm' });
    const done = esme.session.unbind();
    expect(await esme.session.request({ command: 'submit_sm' })).toEqual({ kind: 'closed', written: false });
    (await smsc.requests.next()).reply.ok({ message_id: 'a' });
    expect(await submitting).toMatchObject({ kind: 'response' });
    await done;
    expect(await esme.closed).toEqual({ code: 'unbound' });
    expect(await smsc.closed).toEqual({ code: 'unbound' });
  });

  test('of both at once ends both', async () => {
    const { esme, smsc } = await bothOurs();
    await Promise.all([esme.session.unbind(), smsc.session.unbind()]);
    expect([await esme.closed, await smsc.closed]).toEqual([{ code: 'unbound' }, { code: 'unbound' }]);
  });

  test('of a session that is not bound only closes', async () => {
    const { raw, side } = await rawLink();
    await side.session.unbind();
    expect(await side.closed).toEqual({ code: 'unbound', detail: 'was not bound' });
    await raw.ended;
    expect(raw.pdus.seen).toEqual([]);
  });

  test('that is not answered ends after responseMs', async () => {
    const { side } = await boundRaw('bind_transceiver', { timers: { ...calmTimers, responseMs: 40 } });
    await side.session.unbind();
    expect(await side.closed).toEqual({ code: 'unbound', detail: 'unbind was not answered' });
  });

  test('is answered after responseMs although the application never answers', async () => {
    const { raw, side } = await boundRaw('bind_transceiver', { timers: { ...calmTimers, responseMs: 40 } });
    raw.send(submit(10), { command: 'unbind', sequence: 11 });
    await side.requests.next();
    expect(await raw.pdus.next()).toMatchObject({ command: 'unbind_resp', sequence: 11 });
    expect(await side.closed).toEqual({ code: 'unbound', detail: '1 requests were not answered' });
  });
});

describe('notices', () => {
  test('alert_notification reaches the ESME, which owes no answer (§4.12)', async () => {
    const { esme, smsc } = await bothOurs();
    expect(smsc.session.notify({ command: 'alert_notification', source_addr: '15551234567', esme_addr: 'tenant' })).toBe(true);
    const { pdu, reply } = await esme.requests.next();
    expect(pdu).toMatchObject({ command: 'alert_notification', source_addr: '15551234567' });
    expect([reply.ok(), reply.error(8), esme.session.held]).toEqual([false, false, 0]);
    smsc.session.close();
    expect(smsc.session.notify({ command: 'alert_notification' })).toBe(false);
  });

  test('outbind reaches an unbound ESME, which then binds (§2.2.1)', async () => {
    const { port, sides } = await smsc();
    const esme = await connectEsme(port);
    const theirs = await sides.next();
    theirs.session.notify({ command: 'outbind', system_id: 'smsc', password: 'pw' });
    expect((await esme.requests.next()).pdu).toMatchObject({ command: 'outbind', system_id: 'smsc' });
    const binding = esme.session.bind({ command: 'bind_receiver', system_id: 'a' });
    (await theirs.requests.next()).reply.ok();
    expect(await binding).toMatchObject({ pdu: { status: 0 } });
  });
});

describe('timers (§7.2)', () => {
  test('a connection that does not bind is closed', async () => {
    const { raw, side } = await rawLink({ timers: { ...calmTimers, sessionInitMs: 40 } });
    expect(await side.closed).toEqual({ code: 'session_init_timeout' });
    await raw.ended;
  });

  test('a silent peer is asked, and its answer keeps the session', async () => {
    const { raw, side } = await boundRaw('bind_transceiver', { timers: { ...calmTimers, enquireLinkMs: 30 } });
    for (let asked = 0; asked < 2; asked++) {
      const { command, sequence } = await raw.pdus.next();
      expect(command).toBe('enquire_link');
      raw.send({ command: 'enquire_link_resp', sequence });
    }
    expect(side.session.state).toBe('bound_trx');
    expect(side.session.counters.unexpectedResponses).toBe(0);
  });

  test('a silent peer that does not answer is closed', async () => {
    const { raw, side } = await boundRaw('bind_transceiver', { timers: { ...calmTimers, enquireLinkMs: 30, responseMs: 30 } });
    expect((await raw.pdus.next()).command).toBe('enquire_link');
    expect(await side.closed).toEqual({ code: 'enquire_link_timeout' });
  });

  test('a session without requests is unbound, though enquire_link is answered', async () => {
    const { raw, side } = await boundRaw('bind_transceiver', { timers: { ...calmTimers, inactivityMs: 60 } });
    const { command, sequence } = await raw.pdus.next();
    expect(command).toBe('unbind');
    raw.send({ command: 'unbind_resp', sequence });
    expect(await side.closed).toEqual({ code: 'inactive' });
  });
});

describe('garbage', () => {
  test.each([
    ['command_length 0', '00000000000000040000000000000001'],
    ['command_length 4', '00000004000000040000000000000001'],
    ['command_length 8', '00000008000000040000000000000001'],
    ['command_length 15', '0000000f000000040000000000000001'],
    ['command_length 0xF0000011', 'f0000011000000040000000000000001'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n').toString('hex')],
    ['a TLS hello on the plain port', `1603010200010001fc0303${'ab'.repeat(505)}`],
  ])('%s is answered by one generic_nack, then closed', async (_what, hex) => {
    const { raw, side } = await rawLink();
    raw.send(Buffer.from(hex, 'hex'), submit(7), { command: 'enquire_link', sequence: 8 });
    await raw.ended;
    expect(raw.pdus.seen).toMatchObject([{ command: 'generic_nack', status: commandStatus.ESME_RINVCMDLEN }]);
    expect(await side.closed).toMatchObject({ code: 'lost' });
  });

  test('66,001 octets announced are refused on the four octets that say so, without waiting for more', async () => {
    const { raw, side } = await rawLink();
    raw.send(vector('65-length_66001'));
    await raw.ended;
    expect(raw.pdus.seen).toMatchObject([{ command: 'generic_nack', status: commandStatus.ESME_RINVCMDLEN, sequence: 0 }]);
    expect(await side.closed).toMatchObject({ code: 'lost' });
  });

  test.each([
    ['a body truncated in a string', '46-truncated_in_string', commandStatus.ESME_RINVCMDLEN],
    ['a body truncated in integers', '47-truncated_in_integers', commandStatus.ESME_RINVCMDLEN],
    ['no body at all', '48-submit_sm_without_body', commandStatus.ESME_RINVCMDLEN],
    ['stray octets behind the body', '41-stray_octets_submit_sm', commandStatus.ESME_RINVOPTPARSTREAM],
    ['a TLV that overruns the body', '42-tlv_overrun', commandStatus.ESME_RINVOPTPARSTREAM],
    ['a TLV of the wrong length', '43-tlv_wrong_length', commandStatus.ESME_RINVPARLEN],
    ['sm_length beyond the body', '44-sm_length_beyond_body', commandStatus.ESME_RINVMSGLEN],
    ['an over-long source_addr', '49-source_addr_too_long', commandStatus.ESME_RINVSRCADR],
    ['an over-long destination_addr', '50-destination_addr_too_long', commandStatus.ESME_RINVDSTADR],
    ['an over-long service_type', '51-service_type_too_long', commandStatus.ESME_RINVSERTYP],
    ['an over-long schedule_delivery_time', '52-schedule_too_long', commandStatus.ESME_RINVSCHED],
    ['an over-long validity_period', '53-validity_too_long', commandStatus.ESME_RINVEXPIRY],
    ['a NUL inside destination_addr', '59-nul_inside_destination', commandStatus.ESME_RINVOPTPARSTREAM],
  ])('a submit_sm with %s never reaches the application: one answer of 16 octets, and the session goes on', async (_what, name, status) => {
    const { raw, side } = await boundRaw();
    raw.send(vector(name), { command: 'enquire_link', sequence: 15 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', sequence: 14, status, headerOnly: true });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 15, status: 0 });
    expect(side.requests.seen.map(({ pdu }) => pdu.command)).toEqual(['bind_transceiver']);
  });

  test('an enquire_link with stray octets is answered with what is wrong, and the session goes on', async () => {
    const { raw } = await rawLink();
    raw.send(vector('40-stray_octets_enquire_link'), { command: 'enquire_link', sequence: 15 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 14, status: commandStatus.ESME_RINVCMDLEN });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 15, status: 0 });
  });

  test('a connection that ends inside a PDU is over: nothing is answered, and nothing reaches the application', async () => {
    const { raw, side } = await boundRaw();
    const octets = encodePdu(submit(5));
    raw.socket.end(octets.subarray(0, octets.length - 1));
    expect(await side.closed).toEqual({ code: 'peer_closed' });
    await raw.ended;
    expect(raw.pdus.seen.map(({ command }) => command)).toEqual(['bind_transceiver_resp']);
    expect(side.requests.seen.map(({ pdu }) => pdu.command)).toEqual(['bind_transceiver']);
  });

  test('an unknown command_id is nacked with its sequence_number, and the session goes on (§4.3)', async () => {
    const { raw } = await rawLink();
    raw.send(Buffer.from('00000014000000990000000000000005deadbeef', 'hex'), { command: 'enquire_link', sequence: 6 });
    expect(await raw.pdus.next()).toMatchObject({ command: 'generic_nack', sequence: 5, status: commandStatus.ESME_RINVCMDID });
    expect(await raw.pdus.next()).toMatchObject({ command: 'enquire_link_resp', sequence: 6 });
  });

  test('an illegible body is answered by the response of its request, and the session goes on', async () => {
    const { raw, side } = await boundRaw();
    const stray = Buffer.concat([encodePdu(submit(5)), Buffer.from('xyz')]);
    stray.writeUInt32BE(stray.length, 0);
    raw.send(stray, submit(6));
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', sequence: 5, status: 0xc0, headerOnly: true });
    expect((await side.requests.next()).pdu.sequence).toBe(6);
  });

  test('an illegible submit_sm before bind learns no more than a legible one', async () => {
    const { raw } = await rawLink();
    raw.send(Buffer.from('00000010000000040000000000000005', 'hex'));
    expect(await raw.pdus.next()).toMatchObject({ command: 'submit_sm_resp', status: commandStatus.ESME_RINVBNDSTS });
  });

  test('a reset by the peer ends in onClose', async () => {
    const { raw, side } = await boundRaw();
    const outcome = side.session.request({ command: 'deliver_sm' });
    await raw.pdus.next();
    raw.socket.resetAndDestroy();
    expect(await outcome).toEqual({ kind: 'closed', written: true });
    expect((await side.closed).code).toMatch(/socket_error|peer_closed/);
  });

  test('a peer gone before the session begins ends in onClose', async () => {
    const { port, sides } = await smsc();
    const gone: Promise<Side> = sides.next();
    const raw = await connectRaw(port);
    raw.socket.resetAndDestroy();
    expect((await (await gone).closed).code).toMatch(/socket_error|peer_closed/);
  });
});

describe('npm smpp', () => {
  test('as client of ours: binds, submits, gets a message, unbinds', async () => {
    const { port, sides } = await smsc();
    const client = npmSmpp.connect({ host: '127.0.0.1', port }, () => undefined);
    stops.push(() => void client.socket.destroy());
    const side = await sides.next();
    const ask = (command: 'bind_transceiver' | 'submit_sm' | 'enquire_link' | 'unbind', fields: object = {}): Promise<NpmPdu> =>
      new Promise((resolve) => client[command](fields, resolve));

    const binding = ask('bind_transceiver', { system_id: 'tenant', password: 'pw', interface_version: 0x34 });
    (await side.requests.next()).reply.ok({ system_id: 'heliograph' });
    expect(await binding).toMatchObject({ command_status: 0, system_id: 'heliograph', sc_interface_version: 0x34 });

    const submitting = ask('submit_sm', { destination_addr: '15551234567', short_message: 'Hello', sar_msg_ref_num: 5 });
    const { pdu, reply } = await side.requests.next();
    expect(pdu).toMatchObject({ command: 'submit_sm', destination_addr: '15551234567', short_message: Buffer.from('Hello') });
    expect(getTlv(pdu.tlvs, 'sar_msg_ref_num')).toBe(5);
    reply.ok({ message_id: 'id-1' });
    expect(await submitting).toMatchObject({ command_status: 0, message_id: 'id-1' });

    client.on('deliver_sm', (inbound) => client.send(inbound.response()));
    const outcome = await side.session.request({ command: 'deliver_sm', source_addr: '1', short_message: Buffer.from('mo') });
    expect(outcome).toMatchObject({ kind: 'response', pdu: { command: 'deliver_sm_resp', status: 0 } });

    expect(await ask('enquire_link')).toMatchObject({ command: 'enquire_link_resp', command_status: 0 });
    expect(await ask('unbind')).toMatchObject({ command: 'unbind_resp', command_status: 0 });
    expect(await side.closed).toEqual({ code: 'unbound' });
  });

  test('as server of ours: is bound to, submitted to, delivers, is unbound from', async () => {
    const server = npmSmpp.createServer((session) => {
      session.on('bind_transceiver', (pdu) => session.send(pdu.response({ system_id: 'npm' })));
      session.on('enquire_link', (pdu) => session.send(pdu.response()));
      session.on('unbind', (pdu) => session.send(pdu.response()));
      session.on('submit_sm', (pdu) => {
        session.send(pdu.response({ message_id: 'npm-1' }));
        session.deliver_sm({ source_addr: '15551234567', esm_class: 4, short_message: 'id:npm-1 stat:DELIVRD' });
      });
      session.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => void server.close());
    const esme = await connectEsme((server.address() as { port: number }).port);

    expect(await esme.session.bind({ command: 'bind_transceiver', system_id: 'me', interface_version: 0x34 })).toMatchObject({
      kind: 'response',
      pdu: { status: 0, system_id: 'npm' },
    });
    expect(esme.session).toMatchObject({ state: 'bound_trx', interfaceVersion: 0x34 });
    expect(await esme.session.request({ command: 'submit_sm', destination_addr: '15551234567' })).toMatchObject({
      pdu: { command: 'submit_sm_resp', message_id: 'npm-1' },
    });
    const { pdu, reply } = await esme.requests.next();
    expect(pdu).toMatchObject({ command: 'deliver_sm', esm_class: 4, short_message: Buffer.from('id:npm-1 stat:DELIVRD') });
    reply.ok();
    expect(await esme.session.request({ command: 'enquire_link' })).toMatchObject({ pdu: { command: 'enquire_link_resp' } });
    await esme.session.unbind();
    expect(await esme.closed).toEqual({ code: 'unbound' });
  });
});
