import { afterEach, expect, jest, test } from '@jest/globals';
import type { JsMsg } from '@nats-io/jetstream';
import { createHeldRecords, type HeldRecord } from './held-record.ts';

const opened: { release(): void }[] = [];
afterEach(() => {
  for (const records of opened.splice(0)) records.release();
  jest.useRealTimers();
});

/** A reader whose clock is set by hand, and what the server heard of its records. */
function aReader() {
  jest.useFakeTimers();
  const clock = { ms: 0 };
  const heard: string[] = [];
  const lost: HeldRecord[] = [];
  const records = createHeldRecords(
    (all) => lost.push(...all),
    () => clock.ms,
  );
  opened.push(records);
  const message = (seq: number): JsMsg =>
    ({
      info: { stream: 'ROUTED', streamSequence: seq, timestampNanos: 0, deliveryCount: 1 },
      ack: () => heard.push(`ack ${seq}`),
      nak: () => heard.push(`nak ${seq}`),
      working: () => heard.push(`working ${seq}`),
    }) as unknown as JsMsg;
  /** Time goes by, with or without the process. */
  const live = (ms: number): void => {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.ms += 1_000;
      jest.advanceTimersByTime(1_000);
    }
  };
  const standStill = (ms: number): void => void (clock.ms += ms);
  return { records, message, heard, lost, live, standStill };
}

test('a record is ours for as long as the server hears of it', () => {
  const { records, message, heard, live } = aReader();
  const record = records.hold(message(1), 1);
  live(60_000);
  expect(record.isOurs()).toBe(true);
  expect(heard.filter((one) => one === 'working 1').length).toBe(20);
  records.settle(record);
  expect(heard.at(-1)).toBe('ack 1');
});

test('whoever stood still for long has nothing any more, and neither acknowledges nor gives back what may be in other hands', () => {
  const { records, message, heard, lost, live, standStill } = aReader();
  const record = records.hold(message(1), 2);
  const done = records.hold(message(2), 1);
  records.settle(done);
  const before = records.lapses();
  standStill(60_000);
  expect(record.isOurs()).toBe(false);
  expect([records.lapses() - before, records.unsettled, lost]).toEqual([1, 0, [record]]);
  records.settle(record);
  records.settle(record);
  live(10_000);
  expect(heard).toEqual(['ack 2']);
});

test('what comes again after that is ours, and is no longer what was lost', () => {
  const { records, message, heard, standStill } = aReader();
  const lost = records.hold(message(1), 1);
  standStill(8_000);
  expect(records.renew(message(1))).toBe(false);
  const again = records.hold(message(1), 1);
  expect([lost.isOurs(), again.isOurs()]).toEqual([false, true]);
  records.settle(lost);
  expect([heard, records.unsettled]).toEqual([[], 1]);
  records.settle(again);
  expect(heard).toEqual(['ack 1']);
});

test('whoever waits for room is told that there is', async () => {
  const { records, message, standStill } = aReader();
  records.hold(message(1), 5);
  const room = records.below(1);
  standStill(8_000);
  records.lapses();
  await room;
});
