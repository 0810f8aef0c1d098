import { describe, expect, test } from '@jest/globals';
import type { StoredMsg } from '@nats-io/jetstream';
import type { MessageDue } from '@heliograph/message';
import { QueueUnavailableError } from './publisher.ts';
import { createWaits, swapMarginMs } from './waiting.ts';

const id = '019c0a70000070008000000000000001';
const dueAtMs = 1_000_000;
const event = (text: string) =>
  ({ type: 'message.due', at: 1, dueAtMs, message: { id, class: 'normal', content: { kind: 'text', text } } }) as MessageDue;
const [old, ours, theirs] = [event('old'), event('ours'), event('theirs')];

interface Server {
  /** What it says of the swap. */
  readonly stored: { readonly seq: number | undefined; readonly tries: number };
  /** The record that waits by now, stored at that time. */
  readonly waits?: readonly [MessageDue, atMs: number];
  readonly cameDue?: MessageDue;
}

function swapped({ stored, waits, cameDue }: Server, nowMs = dueAtMs - 60_000) {
  const record = (made: MessageDue, atMs: number) =>
    ({ seq: 2, data: Buffer.from(JSON.stringify([made])), time: new Date(atMs) }) as unknown as StoredMsg;
  let asked = 0;
  const clock = { ms: nowMs };
  const { swapWaiting } = createWaits({
    reads: {
      async get(_, query) {
        if ('next_by_subj' in query) {
          clock.ms += 1_000;
          return cameDue ? record(cameDue, dueAtMs) : null;
        }
        const [there] = waits ?? [];
        // by its sequence, or as the last
        return waits && ('last_by_subj' in query || there === ours) ? record(...waits) : null;
      },
    },
    publisher: {
      async reschedule() {
        asked++;
        return stored;
      },
    },
    now: () => clock.ms,
  });
  return { answer: swapWaiting({ event: old, seq: 1 }, ours), asked: () => asked };
}

const inTime = dueAtMs - 60_000;
const late = dueAtMs - 1;

describe('a swap', () => {
  test.each<[string, Server, boolean]>([
    ['stored before the time counts', { stored: { seq: 2, tries: 1 }, waits: [ours, inTime] }, true],
    ['that has come due already counts', { stored: { seq: 2, tries: 1 }, cameDue: ours }, true],
    [
      'that is gone counts when what took its place was stored before the time',
      { stored: { seq: 2, tries: 1 }, waits: [theirs, inTime] },
      true,
    ],
    ['that is gone does not when the old one came due', { stored: { seq: 2, tries: 1 }, cameDue: old }, false],
    ['that is not the expected one any more does not', { stored: { seq: undefined, tries: 1 }, waits: [theirs, inTime] }, false],
    ['stored too late, with the old one coming due, does not', { stored: { seq: 2, tries: 1 }, waits: [ours, late], cameDue: old }, false],
    ['stored too late, itself coming due, counts', { stored: { seq: 2, tries: 1 }, waits: [ours, late], cameDue: ours }, true],
    ['refused at the second try, as the first was stored, counts', { stored: { seq: undefined, tries: 2 }, waits: [ours, inTime] }, true],
    ['refused at the second try, as the first came due, counts', { stored: { seq: undefined, tries: 2 }, cameDue: ours }, true],
    ['refused at the second try, as another one waits, does not', { stored: { seq: undefined, tries: 2 }, waits: [theirs, inTime] }, false],
    ['refused at the second try, as the old one came due, does not', { stored: { seq: undefined, tries: 2 }, cameDue: old }, false],
    [
      'refused at the second try, as the first was stored too late and the old one came due, does not',
      { stored: { seq: undefined, tries: 2 }, waits: [ours, late], cameDue: old },
      false,
    ],
  ])('%s', async (_, server, counts) => {
    expect(await swapped(server).answer).toBe(counts);
  });

  test('stored too late while nothing comes due is neither', async () => {
    const { answer } = swapped({ stored: { seq: 2, tries: 1 }, waits: [ours, late] });
    await expect(answer).rejects.toThrow(QueueUnavailableError);
  });

  test('of what comes due in a moment is not tried', async () => {
    const { answer, asked } = swapped({ stored: { seq: 2, tries: 1 } }, dueAtMs - swapMarginMs + 1);
    expect([await answer, asked()]).toEqual([false, 0]);
  });
});
