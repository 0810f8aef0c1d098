import { describe, expect, test } from '@jest/globals';
import { smppConnectorSettings, type SmppConnectorSettings } from '@heliograph/registry';
import { createLog } from '@heliograph/service';
import type { RequestOutcome, Session } from '@heliograph/smpp';
import type { Message, Outcome } from '@heliograph/message';
import { aMessage } from '../test/message.fixture.ts';
import { metricsOf } from './metrics.ts';
import { createSender, type PutOff } from './sender.ts';
import type { Submit } from './submit.ts';

type Answered = RequestOutcome<'submit_sm'>;
type Request = (submit: Submit) => Promise<Answered>;

/** A session of which the test is the provider: it sees what was sent, and answers when it likes. */
function aSession(window: number) {
  const open: { submit: Submit; answer: (outcome: Answered) => void }[] = [];
  const sent: string[] = [];
  let waiting: ((takesRequests: boolean) => void)[] = [];
  let unanswered = 0;
  const session: Pick<Session, 'state' | 'interfaceVersion' | 'windowFree' | 'whenWindowFree'> & { request: Request } = {
    state: 'bound_trx',
    interfaceVersion: 0x34,
    get windowFree() {
      return Math.max(0, window - unanswered);
    },
    whenWindowFree(callback) {
      if (session.state === 'closed') return false;
      waiting.push(callback);
      return true;
    },
    request(submit) {
      unanswered++;
      sent.push(submit.short_message?.toString('latin1') ?? '');
      return new Promise<Answered>((resolve) => open.push({ submit, answer: resolve }));
    },
  };
  return {
    session: session as unknown as Session,
    sent,
    /** Answers the oldest; resolves when the sender has done what follows. */
    async answer(outcome: Answered): Promise<void> {
      unanswered--;
      open.shift()?.answer(outcome);
      const told = waiting;
      waiting = [];
      for (const tell of told) queueMicrotask(() => tell(session.state !== 'closed'));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const accepted = (message_id: string): Answered => ({
  kind: 'response',
  pdu: { command: 'submit_sm_resp', status: 0, sequence: 1, message_id, tlvs: [] },
});
const refused = (status: number): Answered => ({
  kind: 'response',
  pdu: { command: 'submit_sm_resp', status, sequence: 1, message_id: '', tlvs: [] },
});

function aSender(sessions: readonly { session: Session }[], settings: Partial<SmppConnectorSettings> = {}, putOff: PutOff = new Map()) {
  const clock = { now: 1_000_000 };
  const cancelled = new Set<string>();
  const whole = smppConnectorSettings.parse({ host: 'provider', port: 2775, ...settings });
  const sender = createSender({
    connector: { id: 'demo', group: 'demo', settings: whole, password: '' },
    sessions: () => sessions.map(({ session }) => session),
    putOff,
    cancelled,
    metrics: metricsOf('demo'),
    log: createLog({ name: 'test', level: 'silent', instance: 'test' }),
    now: () => clock.now,
  });
  let seq = 0;
  const outcomes: Outcome[] = [];
  const handle = (special: Partial<Message> = {}, again?: number) => {
    const message = aMessage({ validUntilMs: 2_000_000, ...special });
    const position = { stream: 'ROUTED', seq: again ?? ++seq, atMs: 0, redelivered: false };
    const delivery = { event: { type: 'message.routed', at: 0, message, connector: 'demo', route: '' }, record: position } as const;
    return sender.handle(delivery).then((outcome) => void outcomes.push(outcome));
  };
  /** As the mark of it arrives. */
  const cancel = (id: string): boolean => sender.cancel((cancelled.add(id), id));
  return { sender, handle, cancel, cancelled, outcomes, clock };
}

const text = (of: string) => ({ content: { kind: 'text', text: of } }) as const;
/** Three segments. */
const long = text('x'.repeat(153) + 'y'.repeat(153) + 'z');
const lettersOf = (sent: readonly string[]) => sent.map((octets) => octets.at(-1));

describe('a sender', () => {
  test('fills the window, and goes on as answers come; the most urgent class first', async () => {
    const provider = aSession(2);
    const { handle, outcomes } = aSender([provider]);
    for (const [content, name] of [
      ['b1', 'bulk'],
      ['b2', 'bulk'],
      ['b3', 'bulk'],
      ['n', 'normal'],
      ['o', 'otp'],
    ] as const)
      void handle({ ...text(content), class: name });
    expect(provider.sent).toEqual(['b1', 'b2']);
    for (let i = 0; i < 5; i++) await provider.answer(accepted(String(i)));
    expect(provider.sent).toEqual(['b1', 'b2', 'o', 'n', 'b3']);
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill('done'));
  });

  test('puts all segments of a message on one bind, in order', async () => {
    const [one, other] = [aSession(2), aSession(1)];
    const { handle, outcomes } = aSender([one, other]);
    void handle(long);
    expect([lettersOf(one.sent), other.sent]).toEqual([['x', 'y', 'z'], []]);
    for (const id of ['1', '2', '3']) await one.answer(accepted(id));
    expect(outcomes).toMatchObject([{ kind: 'done', events: [{ type: 'message.sent', providerIds: ['1', '2', '3'] }] }]);
  });

  test('sends only those segments again that were not taken, with the same reference', async () => {
    const provider = aSession(10);
    const { handle, outcomes, sender } = aSender([provider]);
    void handle(long);
    await provider.answer(accepted('1'));
    await provider.answer(refused(0x08));
    await provider.answer(accepted('3'));
    expect(outcomes).toEqual([{ kind: 'later', atMs: 1_001_000, reason: 'later' }]);
    expect(sender.parked).toBe(1);
    void handle(long, 1);
    expect(lettersOf(provider.sent)).toEqual(['x', 'y', 'z', 'y']);
    expect(provider.sent[3]).toBe(provider.sent[1]);
    await provider.answer(accepted('2'));
    expect(outcomes[1]).toMatchObject({ kind: 'done', events: [{ providerIds: ['1', '2', '3'] }] });
    expect(sender.parked).toBe(0);
  });

  test('what another sender of the connector put off (its settings changed) is gone on with', async () => {
    const provider = aSession(10);
    const putOff: PutOff = new Map();
    const before = aSender([provider], {}, putOff);
    void before.handle(long);
    for (const outcome of [accepted('1'), refused(0x58), accepted('3')]) await provider.answer(outcome);
    const after = aSender([provider], { window: 5 }, putOff);
    void after.handle(long, 1);
    expect(lettersOf(provider.sent)).toEqual(['x', 'y', 'z', 'y']);
  });

  test('sends what was not written at once again, on another bind, before what came after it', async () => {
    const [broken, good] = [aSession(2), aSession(1)];
    const { handle, outcomes } = aSender([broken, good]);
    for (const one of ['a', 'b', 'c', 'd']) void handle(text(one));
    expect([broken.sent, good.sent]).toEqual([['a', 'b'], ['c']]);
    Object.assign(broken.session, { state: 'closed' });
    Object.defineProperty(broken.session, 'windowFree', { value: 0 });
    await broken.answer({ kind: 'closed', written: false });
    await good.answer(accepted('1'));
    expect(good.sent).toEqual(['c', 'a']);
    await broken.answer({ kind: 'closed', written: true });
    expect(outcomes[1]).toMatchObject({ kind: 'later', reason: 'unknown' });
  });

  test('keeps the pace in segments', () => {
    const provider = aSession(100);
    const { handle, sender, clock } = aSender([provider], { segmentsPerSecond: 10 });
    void handle(long);
    void handle(text('next'));
    expect(provider.sent).toHaveLength(3);
    clock.now += 150;
    sender.pump();
    expect(provider.sent).toHaveLength(3);
    clock.now += 100;
    sender.pump();
    expect(provider.sent).toHaveLength(4);
    void sender.drain(); // ends the timer of the pace
  });

  test('a message that the provider splits itself is paced as the segments it makes', () => {
    const provider = aSession(100);
    const { handle, sender, clock } = aSender([provider], { segmentsPerSecond: 10, longMessages: 'payload' });
    void handle(long);
    void handle(text('next'));
    expect(provider.sent).toHaveLength(1);
    clock.now += 150;
    sender.pump();
    expect(provider.sent).toHaveLength(1);
    clock.now += 100;
    sender.pump();
    expect(provider.sent).toHaveLength(2);
    void sender.drain(); // ends the timer of the pace
  });

  test.each([
    ['0x58', 0x58],
    ['0x14', 0x14],
    ['what the connector calls so', 0x455],
  ])('slows down when told %s', async (_, status) => {
    const provider = aSession(100);
    const { handle, sender, outcomes } = aSender([provider], { answers: { '0x00000455': 'throttled' } });
    expect(sender.segmentsPerSecond).toBe(Infinity);
    void handle();
    await provider.answer(refused(status));
    expect(outcomes).toMatchObject([{ kind: 'later', reason: 'throttled' }]);
    expect(sender.segmentsPerSecond).toBeLessThan(Infinity);
  });

  test('tries again, at its own pace, what the connector calls a matter of time', async () => {
    const provider = aSession(100);
    const { handle, sender, outcomes } = aSender([provider], { answers: { '0x0000000b': 'later' } });
    void handle();
    await provider.answer(refused(0x0b));
    expect(outcomes).toMatchObject([{ kind: 'later', reason: 'later' }]);
    expect(sender.segmentsPerSecond).toBe(Infinity);
  });

  test('waits for no window of a session that is ending', async () => {
    const [ending, good] = [aSession(1), aSession(1)];
    const { handle } = aSender([ending, good]);
    for (const one of ['a', 'b', 'c']) void handle(text(one));
    Object.assign(ending.session, { state: 'closed' });
    await good.answer(accepted('1'));
    expect([ending.sent, good.sent]).toEqual([['a'], ['b', 'c']]);
  });

  test('a peer of 3.3 is sent headers, whatever the connector says', () => {
    const provider = aSession(10);
    Object.assign(provider.session, { interfaceVersion: 0x33 });
    const { handle } = aSender([provider], { longMessages: 'payload' });
    void handle(long);
    expect(lettersOf(provider.sent)).toEqual(['x', 'y', 'z']);
  });

  test('expires what waits in vain, bound or not', async () => {
    const { handle, outcomes, sender, clock } = aSender([]);
    void handle({ validUntilMs: 1_000_500 });
    void handle();
    clock.now = 1_000_500;
    sender.sweep();
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).toMatchObject([
      { kind: 'done', events: [{ type: 'message.failed', state: 'expired', reason: 'expired', at: 1_000_500 }] },
    ]);
    expect(sender.parked).toBe(1);
  });

  test('that cannot write a segment rejects the message, and goes on', async () => {
    const provider = aSession(10);
    Object.assign(provider.session, { request: () => Promise.reject(new RangeError('source_addr is too long')) });
    const { handle, outcomes } = aSender([provider]);
    await handle();
    await handle(text('x'.repeat(153 * 256)));
    expect(outcomes).toMatchObject(
      Array(2).fill({ events: [{ type: 'message.failed', state: 'rejected', reason: 'provider_rejected', errorCode: 'unsendable' }] }),
    );
  });

  test('the event of a sampled message stays in its trace', async () => {
    const provider = aSession(1);
    const { handle, outcomes } = aSender([provider]);
    const trace = '0193f0a0000070008000000000000001';
    void handle({ traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    await provider.answer(accepted('1'));
    expect(outcomes).toMatchObject([{ events: [{ type: 'message.sent', message: { traceparent: expect.stringContaining(trace) } }] }]);
  });

  test('draining begins nothing more, and is done with the last answer', async () => {
    const provider = aSession(1);
    const { handle, sender, outcomes } = aSender([provider]);
    void handle(text('a'));
    void handle(text('b'));
    const drained = sender.drain();
    await provider.answer(accepted('1'));
    await drained;
    expect([provider.sent, outcomes.length, sender.parked, sender.inFlight]).toEqual([['a'], 1, 1, 0]);
  });
});

describe('a message that is cancelled', () => {
  const id = aMessage().id;
  const itsEnd = { kind: 'done', events: [{ type: 'message.failed', by: 'demo', state: 'cancelled', reason: 'cancelled' }] };
  const next = () => new Promise((resolve) => setImmediate(resolve));

  test('before it comes is not sent', async () => {
    const provider = aSession(1);
    const { handle, cancelled, outcomes } = aSender([provider]);
    cancelled.add(id);
    await handle();
    expect([outcomes, provider.sent]).toMatchObject([[itsEnd], []]);
  });

  test('while it waits for a window, or for a session, ends at once; the others are sent', async () => {
    const provider = aSession(1);
    const { handle, cancel, outcomes, sender } = aSender([provider]);
    void handle({ ...text('first'), id: 'first' });
    void handle(text('taken back'));
    void handle({ ...text('last'), id: 'last' });
    expect(cancel(id)).toBe(true);
    await next();
    expect(outcomes).toMatchObject([itsEnd]);
    await provider.answer(accepted('1'));
    await provider.answer(accepted('2'));
    expect([provider.sent, sender.parked]).toEqual([['first', 'last'], 0]);
  });

  test('while it is in a window goes on, and is said to', async () => {
    const provider = aSession(1);
    const { handle, cancel, outcomes } = aSender([provider]);
    void handle();
    expect(cancel(id)).toBe(false);
    await provider.answer(accepted('1'));
    expect(outcomes).toMatchObject([{ kind: 'done', events: [{ type: 'message.sent' }] }]);
  });

  test('while it was in a window is tried again when the provider refuses it for now, until it is cancelled anew', async () => {
    const provider = aSession(1);
    const { handle, cancel, outcomes } = aSender([provider]);
    void handle();
    expect(cancel(id)).toBe(false);
    await provider.answer(refused(0x08));
    void handle({}, 1);
    expect(provider.sent).toHaveLength(2);
    await provider.answer(refused(0x08));
    expect(cancel(id)).toBe(true);
    void handle({}, 1);
    await next();
    expect([outcomes.at(-1), provider.sent.length]).toMatchObject([itsEnd, 2]);
  });

  test('while it is put off ends when it comes again', async () => {
    const provider = aSession(1);
    const { handle, cancel, outcomes, sender } = aSender([provider]);
    void handle();
    await provider.answer(refused(0x08));
    expect(cancel(id)).toBe(true);
    void handle({}, 1);
    await next();
    expect([outcomes[1], provider.sent.length, sender.parked]).toMatchObject([itsEnd, 1, 0]);
  });

  test.each([
    ['taken', accepted('1')],
    ['not answered', { kind: 'timeout' } as Answered],
  ])('goes on when a segment of it was %s, and is said to', async (_, outcome) => {
    const provider = aSession(10);
    const { handle, cancel, sender } = aSender([provider]);
    void handle(long);
    for (const one of [outcome, refused(0x08), accepted('3')]) await provider.answer(one);
    expect([cancel(id), sender.parked]).toEqual([false, 1]);
    const before = provider.sent.length;
    void handle(long, 1);
    expect(provider.sent.length).toBeGreaterThan(before);
  });

  test('is another than those that are here: nobody says anything', () => {
    const provider = aSession(1);
    const { handle, cancel } = aSender([provider]);
    void handle();
    expect(cancel('another')).toBe(true);
  });
});
