import { expect, test } from '@jest/globals';
import type { EventType, HeliographEvent } from './event.ts';
import { flow, isSubjectToken, streamOf, streams, subjectOf, subjectsOf, type Stage } from './flow.ts';

const stages = Object.values(flow) as Stage[];
const given = new Set(stages.flatMap(({ gives }) => gives));
const taken = new Set(stages.flatMap(({ takes }) => takes));
const kept = Object.values(streams).flatMap(({ events }) => events as readonly EventType[]);

test('every event that is given is taken by some stage, and every one taken is given', () => {
  expect([...given].toSorted()).toEqual([...taken].toSorted());
});

test('every event has exactly one stream', () => {
  expect(kept.toSorted()).toEqual([...given].toSorted());
});

test('a work queue has one reader for each event', () => {
  for (const { events, retention } of Object.values(streams)) {
    if (retention !== 'queue') continue;
    for (const event of events) expect(stages.filter(({ takes }) => takes.includes(event))).toHaveLength(1);
  }
});

const message = { id: '1', credential: 'acme-smpp', class: 'otp' };

test.each([
  [{ type: 'message.submitted', message }, 'message.submitted.otp'],
  [{ type: 'message.scheduled', message }, 'message.scheduled.all'],
  [{ type: 'message.replaced', message }, 'message.replaced.all'],
  [{ type: 'message.due', message }, 'message.due.otp.1'],
  [{ type: 'message.routed', message, connector: 'c1' }, 'message.routed.c1.otp'],
  [{ type: 'message.sent', message, connector: 'c1' }, 'message.sent.c1'],
  [{ type: 'message.failed', message, by: 'router' }, 'message.failed.router'],
  [{ type: 'receipt.received', connector: 'c1' }, 'receipt.received.c1'],
  [{ type: 'message.reported', message }, 'message.reported.all'],
  [{ type: 'report.due', message }, 'report.due.smpp.acme-smpp'],
  [{ type: 'report.delivered', via: 'webhook' }, 'report.delivered.webhook'],
  [{ type: 'report.exhausted', via: 'webhook' }, 'report.exhausted.webhook'],
])('the subject of %j is %s, which its stream takes', (event, subject) => {
  expect(subjectOf(event as unknown as HeliographEvent)).toBe(subject);
  expect(subject.startsWith(subjectsOf(event.type as EventType).slice(0, -1))).toBe(true);
  expect(streams[streamOf(event.type as EventType)].events).toContain(event.type);
});

test.each([
  ['carrier-1', true],
  ['Carrier', false],
  ['a.b', false],
  ['a*', false],
  ['', false],
  ['-a', false],
  ['a'.repeat(41), false],
])('%j as an id in a subject: %s', (text, expected) => {
  expect(isSubjectToken(text)).toBe(expected);
});
