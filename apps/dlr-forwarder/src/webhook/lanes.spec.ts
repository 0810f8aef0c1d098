import { describe, expect, test } from '@jest/globals';
import type { Sign } from './circuit.ts';
import { createLanes } from './lanes.ts';

const sign = (health: Sign['health'], slowDown = false): Sign => ({ health, slowDown, pausedUntilMs: undefined });
const well = sign('well');
const failing = sign('failing');
const slower = sign('alive', true);

/** A clock that never moves would hold back what is spaced out for ever: it is far ahead of every spacing at each look. */
function lanesOf(perEndpoint: number) {
  const started: string[] = [];
  let nowMs = 0;
  const now = () => (nowMs += 60_000);
  return { started, lanes: createLanes<string>({ perEndpoint, start: (item) => started.push(item), now }) };
}

describe('work shared out by endpoint', () => {
  test('an endpoint that answers nothing holds up no other', () => {
    const { lanes, started } = lanesOf(2);
    lanes.add('dead', ['d1', 'd2', 'd3', 'd4']);
    lanes.add('well', ['w1', 'w2', 'w3']);
    lanes.finished('well', well);
    expect(started).toEqual(['d1', 'd2', 'w1', 'w2', 'w3']);
    expect(lanes.running).toBe(4);
    expect(lanes.waiting).toBe(2);
    expect(lanes.room()).toEqual(
      new Map([
        ['dead', 0],
        ['well', 2],
      ]),
    );
  });

  test('an endpoint that asks to slow down gets half, and one more after each success', () => {
    const { lanes, started } = lanesOf(4);
    lanes.add('slow', ['1', '2', '3', '4', '5', '6', '7', '8']);
    lanes.finished('slow', slower);
    lanes.finished('slow', slower);
    lanes.finished('slow', failing);
    expect(started).toHaveLength(4); // limit 1, one still runs
    lanes.finished('slow', well);
    expect(started).toHaveLength(6); // limit 2
    expect(lanes.room().get('slow')).toBe(0);
  });

  test('an endpoint that asked to slow down is posted to with a pause between', () => {
    const started: string[] = [];
    const lanes = createLanes<string>({ perEndpoint: 2, start: (item) => started.push(item), now: () => 1_000 });
    lanes.add('slow', ['1', '2', '3', '4']);
    lanes.finished('slow', slower);
    lanes.finished('slow', slower);
    expect([started, lanes.running, lanes.waiting]).toEqual([['1', '2'], 0, 2]);
    expect(lanes.clear()).toEqual(['3', '4']);
  });

  test('five failures in a row are said once, a success between them begins anew', () => {
    const { lanes } = lanesOf(8);
    lanes.add(
      'a',
      Array.from({ length: 12 }, (_, i) => String(i)),
    );
    const said = [failing, failing, failing, failing, well, failing, failing, failing, failing, failing].map((one) =>
      lanes.finished('a', one),
    );
    expect(said).toEqual([...Array.from({ length: 9 }, () => false), true]);
    expect(lanes.hold('a')).toEqual([]);
    expect(lanes.finished('a', failing)).toBe(false);
  });

  test('an endpoint that is held starts nothing and takes nothing; released, one at a time', () => {
    const { lanes, started } = lanesOf(2);
    lanes.add('a', ['1', '2', '3']);
    expect(lanes.hold('a')).toEqual(['3']);
    expect(lanes.add('a', ['4'])).toEqual(['4']);
    lanes.finished('a');
    lanes.finished('a');
    expect(lanes.room().get('a')).toBe(0);
    lanes.release('a');
    expect(lanes.add('a', ['5', '6'])).toEqual([]);
    expect(started).toEqual(['1', '2', '5']);
  });

  test('a probe goes alone', () => {
    const { lanes, started } = lanesOf(4);
    lanes.add('a', ['probe'], true);
    lanes.add('a', ['1']);
    expect(started).toEqual(['probe']);
    lanes.finished('a', well);
    expect(started).toEqual(['probe', '1']);
  });

  test('an endpoint is forgotten when it is idle and at full speed, or has been idle long', () => {
    const { lanes } = lanesOf(2);
    lanes.add('a', ['1']);
    lanes.finished('a', well);
    expect(lanes.room()).toEqual(new Map());
    lanes.add('b', ['1']);
    lanes.finished('b', failing);
    for (let minutes = 0; minutes < 15; minutes++) lanes.room();
    expect(lanes.room()).toEqual(new Map());
  });

  test('what waits can be taken back; what runs goes on', () => {
    const { lanes } = lanesOf(1);
    lanes.add('a', ['1', '2', '3']);
    expect(lanes.clear()).toEqual(['2', '3']);
    expect(lanes.running).toBe(1);
    expect(lanes.waiting).toBe(0);
  });
});
