import { expect, test } from '@jest/globals';
import type { TimeWindow } from './rule.ts';
import { compileTimeWindow } from './time-window.ts';

const zone = 'Europe/Amsterdam';
const office: TimeWindow = { days: ['mon', 'fri'], from: '09:00', until: '17:00', zone };
const night: TimeWindow = { days: ['fri'], from: '22:00', until: '06:00', zone };
const clockChange: TimeWindow = { from: '02:30', until: '02:40', zone };

// 2026-11-20 is a Friday; Amsterdam is one hour ahead of UTC in winter, two in summer
test.each<[string, TimeWindow, string, boolean]>([
  ['its first minute', office, '2026-11-20T08:00:00Z', true],
  ['the last moment of it', office, '2026-11-20T15:59:59.999Z', true],
  ['its end', office, '2026-11-20T16:00:00Z', false],
  ['the hour in summer', office, '2026-07-03T07:00:00Z', true],
  ['another day', office, '2026-11-21T10:00:00Z', false],
  ['before midnight', night, '2026-11-20T22:59:00Z', true],
  ['after midnight, which is the next day', night, '2026-11-21T04:59:00Z', true],
  ['its end on the next day', night, '2026-11-21T05:00:00Z', false],
  ['the night before, which began on a day without it', night, '2026-11-20T01:00:00Z', false],
  ['Sunday to Monday', { ...night, days: ['sun'] }, '2026-11-23T03:00:00Z', true],
  ['a whole day', { ...office, from: '00:00', until: '00:00' }, '2026-11-20T22:59:00Z', true],
  ['a whole day that is another', { ...office, from: '00:00', until: '00:00' }, '2026-11-20T23:00:00Z', false],
  [
    'a day in a zone that is a day ahead',
    { days: ['sat'], from: '00:00', until: '12:00', zone: 'Pacific/Kiritimati' },
    '2026-11-20T12:00:00Z',
    true,
  ],
  ['the hour that is there twice, first', clockChange, '2026-10-25T00:30:00Z', true],
  ['the hour that is there twice, again', clockChange, '2026-10-25T01:30:00Z', true],
  ['the hour that is not there', clockChange, '2026-03-29T01:30:00Z', false],
])('%s', (_, window, at, has) => {
  const inWindow = compileTimeWindow(window);
  expect(inWindow(Date.parse(at))).toBe(has);
  // a clock that was asked about another minute meanwhile
  inWindow(0);
  expect(inWindow(Date.parse(at))).toBe(has);
});
