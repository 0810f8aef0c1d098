import { expect, test } from '@jest/globals';
import { covers, sourcesOf, trimmableUpTo, type ReaderFloor } from './trim.ts';

const all = ['message.routed.>'];
const log = (floor: number): ReaderFloor => ({ stage: 'log', subjects: all, floor });
const deliver = (connector: string, floor: number): ReaderFloor => ({
  stage: 'deliver',
  subjects: [`message.routed.${connector}.normal`],
  floor,
});

test.each<[string, string[], ReaderFloor[], number]>([
  ['behind the slowest of two stages', ['message.routed.a.normal'], [log(90), deliver('a', 70)], 70],
  [
    'behind the slowest of two connectors',
    ['message.routed.a.normal', 'message.routed.b.normal'],
    [log(90), deliver('a', 70), deliver('b', 20)],
    20,
  ],
  [
    'not at all while a connector has never read its subject',
    ['message.routed.a.normal', 'message.routed.new.normal'],
    [log(90), deliver('a', 70)],
    0,
  ],
  ['not at all while a stage is missing', ['message.routed.a.normal'], [deliver('a', 70)], 0],
  ['whatever a connector that has no messages there did', ['message.routed.a.normal'], [log(90), deliver('a', 70), deliver('idle', 3)], 70],
  [
    'behind a stage of another version, too',
    ['message.routed.a.normal'],
    [log(90), deliver('a', 70), { ...log(30), stage: undefined }],
    30,
  ],
  ['not at all while an event of a newer version is read by nobody', ['message.renewed.all'], [log(90), deliver('a', 70)], 0],
  [
    'behind whoever reads an event of a newer version, of whichever stage',
    ['message.renewed.all'],
    [log(90), { ...log(80), subjects: [...all, 'message.renewed.>'] }, { stage: undefined, subjects: ['message.renewed.>'], floor: 60 }],
    60,
  ],
  ['nothing of an empty stream', [], [log(90)], 0],
])('a stream is trimmed %s', (_, subjects, readers, upTo) => {
  expect(trimmableUpTo('ROUTED', subjects, readers)).toBe(upTo);
});

test.each([
  ['a.b.c', 'a.b.c', true],
  ['a.*.c', 'a.b.c', true],
  ['a.>', 'a.b.c', true],
  ['a.>', 'a', false],
  ['a.b', 'a.b.c', false],
  ['a.*', 'a.b.c', false],
  ['b.>', 'a.b', false],
])('filter %s covers %s: %s', (filter, subject, expected) => {
  expect(covers(filter, subject)).toBe(expected);
});

test('a reader looks after a crash in the stream its stage writes: that one is kept as long as the source is not done', () => {
  expect(sourcesOf('ROUTED').toSorted()).toEqual(['OUTCOMES', 'SCHEDULED', 'SUBMITTED']);
  expect(sourcesOf('OUTCOMES').toSorted()).toEqual(['BACKLOG', 'RECEIPTS', 'ROUTED', 'SCHEDULED', 'SUBMITTED']);
  expect(sourcesOf('SCHEDULED').toSorted()).toEqual(['OUTCOMES', 'SUBMITTED']);
  expect(sourcesOf('SUBMITTED')).toEqual([]);
  expect(sourcesOf('REPORTED')).not.toContain('NOTIFY');
});
