import { describe, expect, test } from '@jest/globals';
import { decideTimers, type TimerDecision, type TimerFacts, tickMs } from './timers.ts';

const timers = { sessionInitMs: 5_000, enquireLinkMs: 30_000, inactivityMs: 600_000, responseMs: 10_000 };
const calm: TimerFacts = {
  bound: true,
  openedAt: 0,
  heardAt: 0,
  enquiredAt: undefined,
  activeAt: 0,
  outstanding: 0,
  readingPaused: false,
  writeStuckAt: undefined,
};

describe('decideTimers (§7.2)', () => {
  const cases: [string, Partial<TimerFacts>, number, TimerDecision][] = [
    ['an unbound session just before session_init', { bound: false }, 4_999, 'none'],
    ['an unbound session at session_init', { bound: false }, 5_000, 'session_init_timeout'],
    ['a session heard of lately', { heardAt: 100_000, activeAt: 100_000 }, 129_999, 'none'],
    ['a silent session', { heardAt: 100_000, activeAt: 100_000 }, 130_000, 'enquire'],
    ['a session that is being asked', { heardAt: 100_000, enquiredAt: 130_000 }, 139_999, 'none'],
    ['a session that does not answer enquire_link', { heardAt: 100_000, enquiredAt: 130_000 }, 140_000, 'enquire_link_timeout'],
    ['a session alive without requests', { heardAt: 600_000 }, 600_000, 'inactive'],
    ['a session that waits for a slow answer', { heardAt: 600_000, outstanding: 1 }, 600_000, 'none'],
    ['a session that we do not read', { readingPaused: true }, 900_000, 'none'],
    ['a peer that reads slowly', { heardAt: 9_999, writeStuckAt: 0 }, 9_999, 'none'],
    ['a peer that does not read', { writeStuckAt: 0 }, 10_000, 'peer_not_reading'],
    ['a peer that does not read and that we do not read', { writeStuckAt: 0, readingPaused: true }, 10_000, 'peer_not_reading'],
  ];
  test.each(cases)('%s', (_what, facts, now, decision) => {
    expect(decideTimers({ ...calm, ...facts }, now, timers)).toBe(decision);
  });

  test('a timer of 0 never fires', () => {
    const off = { sessionInitMs: 0, enquireLinkMs: 0, inactivityMs: 0, responseMs: 10_000 };
    expect(decideTimers(calm, 1e9, off)).toBe('none');
    expect(decideTimers({ ...calm, bound: false }, 1e9, off)).toBe('none');
  });
});

test('the clock is looked at four times within the shortest timer, once a second at least', () => {
  expect(tickMs(timers)).toBe(1000);
  expect(tickMs({ ...timers, sessionInitMs: 100 })).toBe(25);
  expect(tickMs({ ...timers, responseMs: 1 })).toBe(5);
});
