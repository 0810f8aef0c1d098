import { describe, expect, test } from '@jest/globals';
import { createOptOutTable, smppConnectorSettings, type SmppConnectorSettings } from '@heliograph/registry';
import { createLog } from '@heliograph/service';
import type { RequestOutcome, Session } from '@heliograph/smpp';
import { streamOf, type Cascade, type Message, type Outcome, type Sender } from '@heliograph/message';
import { eventually } from '@heliograph/testbed';
import { aMessage } from '../../test/message.fixture.ts';
import { openGate, type Gate } from '../health/gate.ts';
import { metricsOf } from '../metrics.ts';
import type { PutOff } from './job.ts';
import { createSender } from './sender.ts';
import { unnotedMax } from './slots.ts';
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

interface More {
  heldMax?: number;
  storesAtOnce?: boolean;
  gate?: Gate;
  mayWait?: boolean;
}

/** `heldMax`: from so many on nothing more is read. `storesAtOnce`: what came of a message is on disk as soon as it is known. `mayWait`: another tenant. */
function aSender(
  sessions: readonly { session: Session }[],
  settings: Partial<SmppConnectorSettings> = {},
  putOff: PutOff = new Map(),
  { heldMax = 1_000, storesAtOnce = true, gate = openGate, mayWait = true }: More = {},
) {
  const own = new Set<string>();
  const asides = {
    has: (lane: string, tenant: string) => own.has(`${lane}.${tenant}`),
    add: (lane: string, tenant: string) => void own.add(`${lane}.${tenant}`),
    moving() {},
  };
  const clock = { now: 1_000_000 };
  const cancelled = new Set<string>();
  const optOuts = createOptOutTable();
  const whole = smppConnectorSettings.parse({ host: 'provider', port: 2775, ...settings });
  const sender = createSender({
    connector: { id: 'demo', group: 'demo', settings: whole, password: '' },
    sessions: () => sessions.map(({ session }) => session),
    putOff,
    heldMax,
    asides,
    neighbours: { mayWait: () => mayWait },
    gate,
    cancelled,
    optOuts,
    metrics: metricsOf('demo'),
    log: createLog({ name: 'test', level: 'silent', instance: 'test' }),
    now: () => clock.now,
  });
  let seq = 0;
  const outcomes: Outcome[] = [];
  const unstored: (() => void)[] = [];
  const handle = (special: Partial<Message> = {}, again?: number, { type = 'message.routed', ageMs = 0, cascade, from }: Way = {}) => {
    const message = aMessage({ validUntilMs: 2_000_000, ...special });
    const position = { stream: streamOf(type), seq: again ?? ++seq, atMs: clock.now - ageMs, redelivered: false };
    const event = {
      type,
      at: clock.now - ageMs,
      message,
      connector: 'demo',
      route: '',
      ...(cascade && { cascade }),
      ...(from && { sender: from }),
    } as const;
    const delivery = { event, record: position };
    return sender.handle(delivery).then((outcome) => {
      outcomes.push(outcome);
      if (outcome.kind === 'later') return;
      if (storesAtOnce) sender.stored(delivery);
      else unstored.push(() => sender.stored(delivery));
    });
  };
  /** The oldest outcome is on disk. */
  const store = (): void => unstored.shift()?.();
  /** As the mark of it arrives. */
  const cancel = (id: string): boolean => sender.cancel((cancelled.add(id), id));
  return { sender, handle, store, cancel, cancelled, optOuts, outcomes, clock, own };
}

/** How a message comes, and how long it was on the way. */
interface Way {
  readonly type?: 'message.routed' | 'message.backlogged';
  readonly ageMs?: number;
  readonly cascade?: Cascade;
  /** The sender its rule gives it. */
  readonly from?: Sender;
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

  test('gives a message the sender that its rule says, and its own without one', () => {
    const provider = aSession(10);
    const submits: Submit[] = [];
    Object.assign(provider.session, { request: (submit: Submit) => (submits.push(submit), new Promise(() => {})) });
    const { handle } = aSender([provider]);
    void handle({ from: { addr: 'Acme', ton: 5, npi: 0 } }, undefined, { from: { addr: '12345', ton: 3, npi: 0 } });
    void handle({ from: { addr: 'Acme', ton: 5, npi: 0 } });
    expect(submits.map((submit) => [submit.source_addr, submit.source_addr_ton])).toEqual([
      ['12345', 3],
      ['Acme', 5],
    ]);
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

const next = () => new Promise((resolve) => setImmediate(resolve));

describe('a message whose recipient wants no more', () => {
  const { tenant, to, from } = aMessage({});
  const itsEnd = { kind: 'done', events: [{ type: 'message.failed', by: 'demo', state: 'rejected', reason: 'opted_out' }] };
  const sent = { kind: 'done', events: [{ type: 'message.sent' }] };
  const stop = (optOuts: ReturnType<typeof createOptOutTable>, sender: string) => optOuts.put(tenant, sender, to.slice(1));

  test('is not sent when it waits for a window; one in the window goes on', async () => {
    const provider = aSession(1);
    const { handle, optOuts, outcomes } = aSender([provider]);
    void handle(text('first'));
    void handle(text('second'));
    void handle({ ...text('to another'), to: '+31600000000' });
    stop(optOuts, from.addr.toLowerCase());
    await provider.answer(accepted('1'));
    await provider.answer(accepted('2'));
    expect(provider.sent).toEqual(['first', 'to another']);
    expect(outcomes).toMatchObject([sent, itsEnd, sent]);
  });

  test('is not sent again when the provider refused it for now', async () => {
    const provider = aSession(1);
    const { handle, optOuts, outcomes } = aSender([provider]);
    void handle();
    await provider.answer(refused(0x08));
    stop(optOuts, '*');
    void handle({}, 1);
    await next();
    expect([outcomes[1], provider.sent.length]).toMatchObject([itsEnd, 1]);
  });

  test('goes on when a segment of it is out', async () => {
    const provider = aSession(10);
    const { handle, optOuts } = aSender([provider]);
    void handle(long);
    for (const one of [accepted('1'), refused(0x08), accepted('3')]) await provider.answer(one);
    stop(optOuts, '*');
    void handle(long, 1);
    expect(provider.sent).toHaveLength(4);
  });

  test('is sent from another sender, and when it answers the STOP', async () => {
    const provider = aSession(10);
    const { handle, optOuts, outcomes } = aSender([provider]);
    stop(optOuts, 'shop');
    void handle(text('by another'));
    void handle({ ...text('answer'), from: { addr: 'Shop', ton: 5, npi: 0 }, optOutExempt: true });
    void handle({ ...text('none'), from: { addr: 'Shop', ton: 5, npi: 0 } });
    void handle({ ...text('by any'), from: { addr: '', ton: 0, npi: 0 } });
    await next();
    expect(provider.sent).toEqual(['by another', 'answer']);
    expect(outcomes).toMatchObject([itsEnd, itsEnd]);
  });
});

describe('a message that is cancelled', () => {
  const id = aMessage().id;
  const itsEnd = { kind: 'done', events: [{ type: 'message.failed', by: 'demo', state: 'cancelled', reason: 'cancelled' }] };

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

describe('what a provider has taken and is not on disk', () => {
  test('is as much as the windows hold beside them, no more', async () => {
    const provider = aSession(2);
    const { handle, store } = aSender([provider], { window: 2 }, new Map(), { storesAtOnce: false });
    for (const one of ['a', 'b', 'c', 'd', 'e', 'f']) void handle(text(one));
    for (const id of ['1', '2', '3', '4']) await provider.answer(accepted(id));
    expect(provider.sent).toEqual(['a', 'b', 'c', 'd']);
    store();
    expect(provider.sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    store();
    expect(provider.sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('is counted over all binds, and by segments', async () => {
    const [one, other] = [aSession(1), aSession(1)];
    const { handle, store } = aSender([one, other], { window: 1, binds: 2 }, new Map(), { storesAtOnce: false });
    for (const content of [long, text('a'), text('b')]) void handle(content);
    for (let i = 0; i < 3; i++) await one.answer(accepted(String(i)));
    await other.answer(accepted('a'));
    expect([lettersOf(one.sent), other.sent]).toEqual([['x', 'y', 'z'], ['a']]);
    store();
    expect([...one.sent.slice(3), ...other.sent].toSorted()).toEqual(['a', 'b']);
  });

  test('holds up nothing when the message is put off: nobody has taken it', async () => {
    const provider = aSession(1);
    const { handle } = aSender([provider], { window: 1 }, new Map(), { storesAtOnce: false });
    for (const one of ['a', 'b', 'c']) void handle(text(one));
    for (let i = 0; i < 2; i++) await provider.answer(refused(0x08));
    expect(provider.sent).toEqual(['a', 'b', 'c']);
  });

  test.each([
    [{ window: 100, binds: 2 }, 264],
    [{ window: 10, binds: 1 }, 20],
  ])('of %j is %d segments at most, with those in the windows', (settings, expected) => {
    expect(unnotedMax(settings)).toBe(expected);
  });
});

describe('a tenant with more than its share', () => {
  const of = (tenant: string, count: number, name: (i: number) => string = (i) => `${tenant}${i}`): Partial<Message>[] =>
    Array.from({ length: count }, (_, i) => ({ ...text(name(i)), id: name(i), tenant }));
  const next = () => new Promise((resolve) => setImmediate(resolve));
  const asideOf = (outcomes: readonly Outcome[]) =>
    outcomes.flatMap((outcome) =>
      outcome.kind === 'done' && outcome.events[0]?.type === 'message.backlogged' ? [outcome.events[0].message.id] : [],
    );
  /** Nothing goes out: these have come, and `ms` have passed. */
  async function after(come: readonly Partial<Message>[], ms: number, way: Way = {}, more: More = {}) {
    const made = aSender([], {}, new Map(), { heldMax: 8, ...more });
    for (const one of come) void made.handle(one, undefined, way);
    made.clock.now += ms;
    made.sender.share();
    await next();
    return { ...made, aside: asideOf(made.outcomes) };
  }

  test.each<[string, Partial<Message>[], number, Way, string[]]>([
    ['keeps half when nobody else is there', of('a', 8), 250, {}, ['a4', 'a5', 'a6', 'a7']],
    ['keeps its share among those that are', [...of('b', 1), ...of('a', 7)], 250, {}, ['a2', 'a3', 'a4', 'a5', 'a6']],
    ['is left alone as long as more is read', of('a', 7), 60_000, {}, []],
    ['is left alone when it is only a burst', of('a', 8), 249, {}, []],
    ['is left alone when it has no more than its share', [...of('a', 4), ...of('b', 4)].slice(0, 7), 250, {}, []],
    ['steps aside as it comes when the queue is long', of('a', 8), 0, { ageMs: 300 }, ['a5', 'a6', 'a7', 'a4'].toSorted()],
    ['does not when it comes without delay', of('a', 8), 0, { ageMs: 200 }, []],
    ['is not set aside twice', of('a', 20), 250, { type: 'message.backlogged', ageMs: 300 }, []],
  ])('%s', async (_, come, ms, way, expected) => {
    const { aside } = await after(come, ms, way);
    expect(aside.toSorted()).toEqual(expected);
  });

  test.each<[string, Partial<Message>[], Way, string[]]>([
    ['stays, with all that it has', of('a', 20), {}, []],
    ['stays, however long the queue is', of('a', 20), { ageMs: 10_000 }, []],
    ['does not when another one is held here', [...of('b', 1), ...of('a', 7)], {}, ['a2', 'a3', 'a4', 'a5', 'a6']],
  ])('behind which nobody waits %s', async (_, come, way, expected) => {
    const { aside } = await after(come, 250, way, { mayWait: false });
    expect(aside.toSorted()).toEqual(expected);
  });

  test('is the only one: who has little stays, however much the others have', async () => {
    const { own, aside } = await after([...of('b', 2), ...of('a', 4), ...of('c', 4)], 250, { ageMs: 10_000 });
    expect([...own]).toEqual(['normal.a', 'normal.c']);
    expect(aside.toSorted()).toEqual(['a2', 'a3', 'c2', 'c3']);
  });

  test('has all that comes after set aside, until its queue is empty; what expired meanwhile, or is cancelled, ends at once', async () => {
    const { handle, own, outcomes, cancelled, clock, sender } = await after(of('a', 8), 250);
    const before = outcomes.length;
    cancelled.add('back');
    for (const one of of('a', 1, () => 'new')) void handle(one);
    void handle({ id: 'back', tenant: 'a' });
    void handle({ id: 'late', tenant: 'a', validUntilMs: clock.now });
    sender.sweep();
    await next();
    expect(asideOf(outcomes.slice(before))).toEqual(['new']);
    expect(outcomes.slice(before)).toMatchObject([
      {},
      { events: [{ type: 'message.failed', state: 'cancelled' }] },
      { events: [{ type: 'message.failed', state: 'expired' }] },
    ]);
    own.clear();
    for (const one of of('a', 1, () => 'again')) void handle(one);
    await next();
    expect(outcomes).toHaveLength(before + 3);
  });

  test('keeps what the provider may have some of', async () => {
    const provider = aSession(10);
    const { handle, own, outcomes } = aSender([provider]);
    void handle(long);
    for (const outcome of [accepted('1'), refused(0x08), accepted('3')]) await provider.answer(outcome);
    own.add('normal.acme');
    void handle(long, 1);
    void handle(text('another'));
    await next();
    expect([lettersOf(provider.sent), asideOf(outcomes)]).toEqual([['x', 'y', 'z', 'y'], [aMessage().id]]);
  });
});

describe('a message that may go to another connector', () => {
  const shut = { ...openGate, waitMs: () => Infinity, isShut: () => true };
  const way: Way = { cascade: { refused: true, unavailableMs: 2_000, attemptsMax: 2 } };
  const saidOf = (outcomes: readonly Outcome[]) =>
    outcomes
      .flatMap((one) => (one.kind === 'done' ? one.events : []))
      .map((event) => (event.type === 'message.returned' ? event.why : event.type));

  test('is given back when this one cannot send for as long as its rule says, at once when that has passed on the way', async () => {
    const { sender, handle, outcomes, clock } = aSender([aSession(1)], {}, new Map(), { gate: shut });
    void handle({}, undefined, way);
    void handle({}, undefined, { ...way, ageMs: 2_000 });
    void handle({});
    await new Promise((resolve) => setImmediate(resolve));
    expect(saidOf(outcomes)).toEqual(['unavailable']);
    clock.now += 1_999;
    sender.sweep();
    expect(sender.parked).toBe(2);
    clock.now += 1;
    sender.sweep();
    await new Promise((resolve) => setImmediate(resolve));
    expect([saidOf(outcomes), sender.parked]).toEqual([['unavailable', 'unavailable'], 1]);
  });

  test('stays while this one can send, however long it waits', async () => {
    const provider = aSession(1);
    const { sender, handle, clock } = aSender([provider]);
    void handle(text('a'), undefined, way);
    void handle(text('b'), undefined, way);
    clock.now += 60_000;
    sender.sweep();
    await provider.answer(accepted('1'));
    expect(provider.sent).toEqual(['a', 'b']);
  });

  test('goes on after the last of the times to be tried again at; one that a try before may have brought there does not', async () => {
    const provider = aSession(10);
    const { handle, outcomes, clock } = aSender([provider], { retries: { later: [5, 8], unknown: [5] } });
    const tries = async (seq: number, answers: readonly Answered[]): Promise<Outcome[]> => {
      const before = outcomes.length;
      const beganAt = clock.now;
      for (const [i, answer] of answers.entries()) {
        clock.now = beganAt + [0, 5_000, 8_000][i]!;
        void handle({}, seq, way);
        await provider.answer(answer);
      }
      return outcomes.slice(before);
    };
    const [first, second, last] = await tries(101, [refused(0x08), refused(0x08), refused(0x08)]);
    expect([first, second]).toMatchObject([{ atMs: 1_005_000 }, { atMs: 1_008_000 }]);
    expect(last).toMatchObject({ events: [{ type: 'message.returned', why: 'refused', ending: { errorCode: '0x00000008' } }] });
    const unknown = await tries(102, [{ kind: 'timeout' }, refused(0x0b)]);
    expect(unknown[1]).toMatchObject({ events: [{ type: 'message.failed', state: 'rejected' }] });
  });
});

describe('a gate', () => {
  /** As long as it is told to, ms. */
  function aGate() {
    const asked = { waitMs: 0 };
    const seen: string[] = [];
    const gate: Gate = {
      waitMs: () => asked.waitMs,
      isShut: () => asked.waitMs > 0,
      sent: () => void seen.push('sent'),
      settled: (sign, sentAtMs, now) => void seen.push(`${sign} after ${now - sentAtMs}`),
    };
    return { gate, asked, seen };
  }

  test('that is shut holds everything, and what is out is still awaited; opened, the pump goes on', async () => {
    const provider = aSession(10);
    const { gate, asked } = aGate();
    const { sender, handle, outcomes } = aSender([provider], {}, new Map(), { gate });
    void handle(text('a'));
    asked.waitMs = Infinity;
    void handle(text('b'));
    await provider.answer(accepted('1'));
    expect([provider.sent, outcomes.length, sender.parked]).toEqual([['a'], 1, 1]);
    asked.waitMs = 0;
    sender.pump();
    expect(provider.sent).toEqual(['a', 'b']);
  });

  test('that asks for less later is looked at then, not at the time before', async () => {
    const provider = aSession(10);
    const { gate, asked } = aGate();
    const { sender, handle } = aSender([provider], {}, new Map(), { gate });
    asked.waitMs = 60_000;
    void handle(text('a'));
    asked.waitMs = 1;
    sender.pump();
    asked.waitMs = 0;
    await eventually('it goes out', () => provider.sent.length === 1);
  });

  test('hears of each message that goes out and each segment that settles; a link that is cut is no missing answer', async () => {
    const provider = aSession(10);
    const { gate, seen } = aGate();
    const { handle, clock } = aSender([provider], { unknownOutcome: 'fail' }, new Map(), { gate });
    void handle(long);
    clock.now += 70;
    await provider.answer(accepted('1'));
    await provider.answer({ kind: 'closed', written: true });
    await provider.answer({ kind: 'timeout' });
    void handle(text('a'));
    await provider.answer(refused(0x58));
    expect(seen).toEqual(['sent', 'accepted after 70', 'cut after 70', 'unknown after 70', 'sent', 'throttled after 0']);
  });
});
