import { describe, expect, test } from '@jest/globals';
import { headOf, messageStates, type HeliographEvent, type LoggedMessage, type Message, type MessageDue } from '@heliograph/message';
import { QueueUnavailableError } from '@heliograph/queue';
import { createReplace, decideReplace, type Replacement } from './replace.ts';

const hour = 3_600_000;
const day = 24 * hour;
const acceptedAtMs = Date.UTC(2026, 10, 20);
const nowMs = acceptedAtMs + hour;
const id = '019c0a70000070008000000000000001';
const message: Message = {
  id,
  tenant: 'acme',
  credential: 'acme-smpp',
  door: 'smpp',
  from: { addr: 'Acme', ton: 5, npi: 0 },
  to: '+447912345678',
  class: 'normal',
  segments: 2,
  acceptedAtMs,
  sendAtMs: acceptedAtMs + day,
  validUntilMs: acceptedAtMs + 3 * day,
  registeredDelivery: 1,
  charge: { lease: 'l1', microCredits: '2000000' },
  content: { kind: 'text', text: 'old' },
  dataCoding: 0,
};
const text = (words: string, udh?: string) => ({ kind: 'text', text: words, ...(udh === undefined ? {} : { udh }) }) as const;
const { sendAtMs, validUntilMs } = message as Required<Message>;

describe('what a message becomes', () => {
  test.each<[string, Replacement, Partial<Message>]>([
    ['another text', { content: text('new') }, { content: text('new') }],
    ['as long as it was charged for', { content: text('a'.repeat(306)) }, { content: text('a'.repeat(306)) }],
    ['shorter, and priced as it was', { content: text('a') }, { content: text('a'), segments: 2, charge: message.charge }],
    ['octets', { content: { kind: 'binary', octets: 'AQI=' } }, { content: { kind: 'binary', octets: 'AQI=' } }],
    ['a flash message', { content: text('new'), flash: true }, { content: text('new'), flash: true }],
    ['with another report', { content: text('new'), registeredDelivery: 0 }, { content: text('new'), registeredDelivery: 0 }],
    [
      'at another time, its validity as it was',
      { content: text('new'), sendAtMs: sendAtMs + hour },
      { content: text('new'), sendAtMs: sendAtMs + hour, validUntilMs },
    ],
    [
      'much earlier, its validity, over 7 days then, as it was',
      { content: text('new'), sendAtMs: nowMs + 1 },
      { content: text('new'), sendAtMs: nowMs + 1, validUntilMs },
    ],
    ['at a time that has passed: now', { content: text('new'), sendAtMs: 1 }, { content: text('new'), sendAtMs: nowMs }],
    [
      'with a validity counted from its time',
      { content: text('new'), validUntilMs: sendAtMs + 7 * day },
      { content: text('new'), validUntilMs: sendAtMs + 7 * day },
    ],
    [
      'at most 7 days after its acceptance',
      { content: text('new'), sendAtMs: acceptedAtMs + 7 * day, validUntilMs: acceptedAtMs + 8 * day },
      { content: text('new'), sendAtMs: acceptedAtMs + 7 * day, validUntilMs: acceptedAtMs + 8 * day },
    ],
  ])('%s', (_, replacement, changes) => {
    expect(decideReplace(replacement, message, nowMs)).toEqual({ ok: true, message: { ...message, ...changes } });
  });

  test('no flash message any more', () => {
    const decision = decideReplace({ content: text('new') }, { ...message, flash: true }, nowMs);
    expect(decision.ok && 'flash' in decision.message).toBe(false);
  });

  test.each<[string, Replacement, string]>([
    ['without a text', { content: text('') }, 'empty_text'],
    ['longer than it was charged for', { content: text('a'.repeat(307)) }, 'text_too_long'],
    ['longer, as it is in UCS-2', { content: text('ж'.repeat(135)) }, 'text_too_long'],
    ['with its own header, longer than one segment', { content: text('a'.repeat(154), '050003010201') }, 'text_too_long'],
    ['more than 7 days after its acceptance', { content: text('new'), sendAtMs: acceptedAtMs + 7 * day + 1 }, 'bad_schedule'],
    ['at no time', { content: text('new'), sendAtMs: NaN }, 'bad_schedule'],
    ['after its validity, which stays', { content: text('new'), sendAtMs: validUntilMs }, 'bad_validity'],
    ['valid until it is sent', { content: text('new'), validUntilMs: sendAtMs }, 'bad_validity'],
    ['valid for more than 7 days', { content: text('new'), validUntilMs: sendAtMs + 7 * day + 1 }, 'bad_validity'],
  ])('never %s', (_, replacement, reason) => {
    expect(decideReplace(replacement, message, nowMs)).toMatchObject({ ok: false, reason });
  });
});

type Look = Partial<LoggedMessage> | 'away' | 'unknown';

function aReplace({
  look = { state: 'scheduled' } as Look,
  waits = true,
  marked = false,
  swap = true as boolean | 'unknown',
  storing = true,
  dueAt = nowMs - 5,
} = {}) {
  const was: MessageDue = { type: 'message.due', at: dueAt, dueAtMs: sendAtMs, message, cause: { stream: 'SUBMITTED', seq: 3 } };
  const done: HeliographEvent[] = [];
  const { replace } = createReplace({
    queue: {
      async ask<Answer>() {
        if (look === 'away') return undefined;
        return (look === 'unknown' ? {} : { message: { id, from: message.from, ...look } }) as Answer;
      },
      waiting: async () => (waits ? { event: was, seq: 7 } : undefined),
      async swapWaiting(_, event) {
        if (swap === 'unknown') throw new QueueUnavailableError('unknown');
        if (swap) done.push(event);
        return swap;
      },
      async publish(event) {
        if (!storing) throw new QueueUnavailableError('unknown');
        done.push(event);
      },
    },
    marks: { has: () => marked },
    now: () => nowMs,
  });
  return { replace, done, was };
}

const question = { tenant: 'acme', id };
const read = () => ({ ok: true, replacement: { content: text('new') } }) as const;

describe('a replacement', () => {
  test('is swapped first and told then; both at one time, later than what it replaces', async () => {
    const { replace, done, was } = aReplace();
    const made = { ...message, content: text('new') };
    expect(await replace(question, read)).toEqual({ kind: 'replaced', message: made });
    expect(done).toEqual([
      { ...was, at: nowMs, message: made },
      { type: 'message.replaced', at: nowMs, message: headOf(made), content: text('new') },
    ]);
  });

  test('of one that was made by a machine whose clock is ahead is later still', async () => {
    const { replace, done } = aReplace({ dueAt: nowMs + 500 });
    await replace(question, read);
    expect(done.map(({ at }) => at)).toEqual([nowMs + 501, nowMs + 501]);
  });

  test.each<[string, Parameters<typeof aReplace>[0], string]>([
    ['of a message that the history does not know yet to wait', { look: { state: 'accepted' } }, 'replaced'],
    ['of a message that came due', { waits: false }, 'not_replaceable'],
    ['of a message that is being cancelled', { marked: true }, 'not_replaceable'],
    ['that somebody else or the time was faster than', { swap: false }, 'not_replaceable'],
    ['of which it is not known whether it was stored', { swap: 'unknown' }, 'unavailable'],
    ['that cannot be told to the history', { storing: false }, 'unavailable'],
    ['of a message that is unknown', { look: 'unknown' }, 'not_found'],
    ['while message-log is away', { look: 'away' }, 'unavailable'],
  ])('%s: %j is %s', async (_, facts, kind) => {
    expect(await aReplace(facts).replace(question, read)).toMatchObject({ kind });
  });

  test.each(messageStates.filter((state) => state !== 'scheduled' && state !== 'accepted'))(
    'of a message that is %s is not made',
    async (state) => {
      const { replace, done } = aReplace({ look: { state } });
      expect(await replace(question, read)).toEqual({ kind: 'not_replaceable' });
      expect(done).toEqual([]);
    },
  );

  test.each([
    ['not of the one that is meant', 'not_found', read, () => false],
    ['that the door cannot read', 'illegible', () => ({ ok: false, fault: 0x43 }) as const, () => true],
    ['that is refused', 'refused', () => ({ ok: true, replacement: { content: text('') } }) as const, () => true],
  ])('%s changes nothing', async (_, kind, reading, isMeant) => {
    const { replace, done } = aReplace();
    expect(await replace<number>(question, reading, isMeant)).toMatchObject({ kind });
    expect(done).toEqual([]);
  });
});
