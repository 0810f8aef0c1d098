import { describe, expect, test } from '@jest/globals';
import type { Cascade, Message, Routed } from '@heliograph/message';
import { aMessage } from '../../test/message.fixture.ts';
import { orphan, orphanages, type OrphanFacts } from './orphan.ts';

const now = 1_000_000;
const routedTo = (message: Message, cascade?: Cascade): Routed => ({ message, connector: 'gone', route: 'r', ...(cascade && { cascade }) });
const message = aMessage({ validUntilMs: now + 60_000 });
const event = routedTo(message);
const removed: OrphanFacts = {
  registered: undefined,
  registrySeenAtMs: now - 500,
  storedAtMs: now - 5_000,
  cancelled: false,
};
const disabled: OrphanFacts = { ...removed, registered: { enabled: false } };
const unknown = { kind: 'unknown' } as const;

describe('a message of a removed connector', () => {
  test('has failed, and says so without its content', () => {
    const outcome = orphan(event, [], removed, now);
    expect(outcome).toMatchObject({
      kind: 'done',
      events: [{ type: 'message.failed', by: 'gone', state: 'failed', reason: 'connector_removed', at: now }],
    });
    expect(JSON.stringify(outcome)).not.toContain('hello');
  });

  test('of which a segment was never answered has an unknown outcome', () => {
    expect(orphan(event, [{ kind: 'accepted' }, unknown], removed, now)).toMatchObject({
      events: [{ reason: 'provider_unknown_outcome' }],
    });
  });

  test.each<[string, Partial<Cascade>, Parameters<typeof orphan>[1], object]>([
    [
      'a refusal',
      { refused: true },
      [],
      { type: 'message.returned', why: 'refused', ending: { state: 'failed', reason: 'connector_removed' } },
    ],
    ['waiting', { unavailableMs: 9_000 }, [{ kind: 'later' }], { type: 'message.returned', why: 'unavailable' }],
    [
      'a refusal, but it may be out',
      { refused: true, unavailableMs: 9_000 },
      [unknown],
      { type: 'message.failed', reason: 'provider_unknown_outcome' },
    ],
    ['an unknown outcome, which it has', { unknownOutcome: true }, [unknown], { type: 'message.returned', why: 'unknown' }],
    ['an undelivered receipt', { undelivered: true }, [], { type: 'message.failed', reason: 'connector_removed' }],
  ])('goes on or ends as its rule says, which lets it go on after %s', (_, part, answers, made) => {
    expect(orphan(routedTo(message, { attemptsMax: 2, ...part }), answers, removed, now)).toMatchObject({
      events: [{ ...made, by: 'gone' }],
    });
  });

  test('whose time is over has expired', () => {
    expect(orphan(event, [], removed, message.validUntilMs)).toMatchObject({ events: [{ state: 'expired', reason: 'expired' }] });
  });

  test.each([
    ['before it was stored', now - 6_000],
    ['within the difference of clocks after it was stored', now - 3_000],
  ])('waits when the registry was last read %s: the connector may be new', (_, registrySeenAtMs) => {
    expect(orphan(event, [], { ...removed, registrySeenAtMs }, now)).toMatchObject({ kind: 'later', atMs: now + 1_000 });
  });
});

describe('a message of a disabled connector', () => {
  test('waits, and is looked at again as the connector may be enabled or removed', () => {
    expect(orphan(event, [], disabled, now)).toMatchObject({ kind: 'later', atMs: now + 5_000 });
  });

  test('is looked at when its time is over, and has expired then', () => {
    expect(orphan(routedTo(aMessage({ validUntilMs: now + 5 })), [], disabled, now)).toMatchObject({ kind: 'later', atMs: now + 5 });
    expect(orphan(event, [], disabled, message.validUntilMs)).toMatchObject({ events: [{ state: 'expired', by: 'gone' }] });
  });

  test('has an unknown outcome when its time is over and a segment was never answered', () => {
    expect(orphan(event, [unknown], disabled, message.validUntilMs)).toMatchObject({
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
    expect(orphan(event, answers, { ...facts, cancelled: true }, now)).toMatchObject({
      kind: 'done',
      events: [{ type: 'message.failed', by: 'gone', state: 'cancelled', reason: 'cancelled', at: now }],
    });
  });

  test.each(['accepted', 'unknown'] as const)('goes its usual way when a segment of it is %s: it may be out in part', (kind) => {
    const answers = [{ kind }, undefined];
    expect(orphan(event, answers, { ...facts, cancelled: true }, now)).toEqual(orphan(event, answers, facts, now));
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
    'message.backlogged.gone.bulk.acme',
    'message.backlogged.on.bulk.acme',
  ];
  expect(orphanages(subjects, connectors)).toEqual([
    { connector: 'off', class: 'bulk' },
    { connector: 'gone', class: 'normal' },
    { connector: 'gone', class: 'bulk', tenant: 'acme' },
  ]);
});
