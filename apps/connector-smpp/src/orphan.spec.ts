import { describe, expect, test } from '@jest/globals';
import { aMessage } from '../test/message.fixture.ts';
import { orphan, orphanages, type OrphanFacts } from './orphan.ts';

const now = 1_000_000;
const message = aMessage({ validUntilMs: now + 60_000 });
const removed: OrphanFacts = {
  connector: 'gone',
  registered: undefined,
  registrySeenAtMs: now - 500,
  storedAtMs: now - 5_000,
  cancelled: false,
};
const disabled: OrphanFacts = { ...removed, registered: { enabled: false } };
const unknown = { kind: 'unknown' } as const;

describe('a message of a removed connector', () => {
  test('has failed, and says so without its content', () => {
    const outcome = orphan(message, [], removed, now);
    expect(outcome).toMatchObject({
      kind: 'done',
      events: [{ type: 'message.failed', by: 'gone', state: 'failed', reason: 'connector_removed', at: now }],
    });
    expect(JSON.stringify(outcome)).not.toContain('hello');
  });

  test('of which a segment was never answered has an unknown outcome', () => {
    expect(orphan(message, [{ kind: 'accepted' }, unknown], removed, now)).toMatchObject({
      events: [{ reason: 'provider_unknown_outcome' }],
    });
  });

  test('whose time is over has expired', () => {
    expect(orphan(message, [], removed, message.validUntilMs)).toMatchObject({ events: [{ state: 'expired', reason: 'expired' }] });
  });

  test.each([
    ['before it was stored', now - 6_000],
    ['within the difference of clocks after it was stored', now - 3_000],
  ])('waits when the registry was last read %s: the connector may be new', (_, registrySeenAtMs) => {
    expect(orphan(message, [], { ...removed, registrySeenAtMs }, now)).toMatchObject({ kind: 'later', atMs: now + 1_000 });
  });
});

describe('a message of a disabled connector', () => {
  test('waits, and is looked at again as the connector may be enabled or removed', () => {
    expect(orphan(message, [], disabled, now)).toMatchObject({ kind: 'later', atMs: now + 5_000 });
  });

  test('is looked at when its time is over, and has expired then', () => {
    expect(orphan(aMessage({ validUntilMs: now + 5 }), [], disabled, now)).toMatchObject({ kind: 'later', atMs: now + 5 });
    expect(orphan(message, [], disabled, message.validUntilMs)).toMatchObject({ events: [{ state: 'expired', by: 'gone' }] });
  });

  test('has an unknown outcome when its time is over and a segment was never answered', () => {
    expect(orphan(message, [unknown], disabled, message.validUntilMs)).toMatchObject({
      events: [{ state: 'failed', reason: 'provider_unknown_outcome' }],
    });
  });
});

describe.each([
  ['removed', removed],
  ['disabled', disabled],
])('a message of a %s connector that was cancelled', (_, facts) => {
  test.each([
    ['was never tried', []],
    ['was refused for now', [{ kind: 'later' }, undefined]],
  ] as const)('ends as cancelled when it %s', (_, answers) => {
    expect(orphan(message, answers, { ...facts, cancelled: true }, now)).toMatchObject({
      kind: 'done',
      events: [{ type: 'message.failed', by: 'gone', state: 'cancelled', reason: 'cancelled', at: now }],
    });
  });

  test.each(['accepted', 'unknown'] as const)('goes its usual way when a segment of it is %s: it may be out in part', (kind) => {
    const answers = [{ kind }, undefined];
    expect(orphan(message, answers, { ...facts, cancelled: true }, now)).toEqual(orphan(message, answers, facts, now));
  });
});

test('orphanages are the subjects of connectors that are removed or disabled, but for the one of test messages', () => {
  const connectors = new Map([
    ['on', { enabled: true }],
    ['off', { enabled: false }],
  ]);
  const subjects = [
    'message.routed.on.otp',
    'message.routed.off.bulk',
    'message.routed.gone.normal',
    'message.routed.gone.strange',
    'message.routed.test.normal',
  ];
  expect(orphanages(subjects, connectors)).toEqual([
    { connector: 'off', class: 'bulk' },
    { connector: 'gone', class: 'normal' },
  ]);
});
