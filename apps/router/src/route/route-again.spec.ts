import { expect, test } from '@jest/globals';
import { headOf, type Cascade, type ConnectorMode, type MessageReturned, type ReturnReason } from '@heliograph/message';
import { compileRoutes, routeRule, type RouteFacts as TableFacts } from '@heliograph/routing';
import { testMessage } from '@heliograph/testbed';
import { routeAgain } from './route-again.ts';

const nowMs = 1_000_000;
const message = testMessage({
  to: '+447912345678',
  segments: 2,
  validUntilMs: nowMs + 60_000,
  charge: { lease: 'l', microCredits: '1000' },
});
const cascade: Cascade = { refused: true, undelivered: true, unavailableMs: 5_000, attemptsMax: 3, costMaxMicroCredits: '1000' };
const rejected = { state: 'rejected', reason: 'provider_rejected', errorCode: '0x0000000B' } as const;
const undelivered = { state: 'undelivered', reason: 'undelivered', errorCode: '001' } as const;
const noReport = { state: 'no_report', reason: 'no_report' } as const;

const target = (connectorId: string, tier: number) => ({ connectorId, tier });
const uk = routeRule.parse({ when: { prefixes: ['44'] }, targets: [target('first', 0), target('second', 1), target('third', 2)] });
const routes = compileRoutes([{ ...uk, id: 'uk' }], 7);

interface World {
  readonly prices?: Readonly<Record<string, bigint>>;
  readonly gone?: readonly string[];
  readonly mode?: ConnectorMode;
  readonly cancelled?: boolean;
  readonly rules?: typeof routes;
}

function factsOf({ prices = {}, gone = [], mode = 'running', cancelled = false, rules = routes }: World) {
  const about: TableFacts = {
    connector: (id) => (gone.includes(id) ? undefined : { enabled: true, mode, available: true }),
    buyPrice: (id) => prices[id],
    quality: () => undefined,
    network: () => undefined,
  };
  return { routes: rules, about, cancelled: new Set(cancelled ? [message.id] : []) };
}

function returned(changes: Partial<MessageReturned> = {}): MessageReturned {
  return {
    type: 'message.returned',
    at: nowMs - 10,
    by: 'first',
    message,
    route: 'uk',
    attempt: 1,
    tried: ['first'],
    cascade,
    why: 'refused',
    ending: rejected,
    ...changes,
  };
}

const routed = (part: object) => ({
  kind: 'done',
  events: [{ type: 'message.routed', at: nowMs, message, route: 'uk', routeVersion: 7, cascade, ...part }],
});
const failed = (how: object) => ({
  kind: 'done',
  events: [{ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', ...how }],
});

test.each<[string, MessageReturned, World, object]>([
  ['goes to the next target of its rule', returned(), {}, routed({ connector: 'second', attempt: 2, tried: ['first'] })],
  [
    'goes to the one after that, with what was spent so far',
    returned({ attempt: 2, tried: ['first', 'second'], spentMicroCredits: '12' }),
    { prices: { third: 5n } },
    routed({ connector: 'third', attempt: 3, tried: ['first', 'second'], spentMicroCredits: '12', buyMicroCredits: '10' }),
  ],
  ['ends as it did when each target has had it', returned({ attempt: 2, tried: ['first', 'second', 'third'] }), {}, failed(rejected)],
  ['ends as it did when it had all its attempts', returned({ attempt: 3, tried: ['first', 'second'] }), {}, failed(rejected)],
  [
    'passes over one that takes too much with what was spent',
    returned({ why: 'undelivered', ending: undelivered, spentMicroCredits: '400' }),
    { prices: { second: 301n, third: 300n } },
    routed({ connector: 'third', attempt: 2, tried: ['first'], spentMicroCredits: '400', buyMicroCredits: '600' }),
  ],
  [
    'ends as it did when all others take too much',
    returned({ why: 'undelivered', ending: undelivered, spentMicroCredits: '400' }),
    { prices: { second: 301n, third: 301n } },
    failed(undelivered),
  ],
  [
    'keeps the policy it was routed with, without a cap too',
    returned({ cascade: { refused: true, attemptsMax: 2 } }),
    { prices: { second: 9_000n } },
    routed({ connector: 'second', attempt: 2, tried: ['first'], cascade: { refused: true, attemptsMax: 2 }, buyMicroCredits: '18000' }),
  ],
  [
    'goes on with the word that nothing was heard of it before',
    returned({ why: 'no_receipt', ending: noReport }),
    {},
    routed({ connector: 'second', attempt: 2, tried: ['first'], unreported: true }),
  ],
  ['ends as nothing was heard of it before', returned({ unreported: true, ending: noReport }), { cancelled: true }, failed(noReport)],
  ['ends as it did when there is no route any more', returned(), { rules: compileRoutes([], 8) }, failed(rejected)],
  ['ends as it did when the others are removed', returned(), { gone: ['second', 'third'] }, failed(rejected)],
])('a message that came back %s', (_, event, world, outcome) => {
  expect(routeAgain(event, factsOf(world), nowMs)).toEqual(outcome);
});

const ends: readonly [ReturnReason, MessageReturned['ending'], object, object][] = [
  ['refused', rejected, { state: 'cancelled', reason: 'cancelled' }, { state: 'expired', reason: 'expired' }],
  ['unavailable', rejected, { state: 'cancelled', reason: 'cancelled' }, { state: 'expired', reason: 'expired' }],
  ['unknown', rejected, rejected, rejected],
  ['undelivered', undelivered, undelivered, undelivered],
  ['no_receipt', noReport, noReport, noReport],
];

test.each(ends)(
  'cancelled meanwhile, one that came back as %s goes nowhere, and ends as far as it may be out',
  (why, ending, cancelled) => {
    expect(routeAgain(returned({ why, ending }), factsOf({ cancelled: true }), nowMs)).toEqual(failed(cancelled));
  },
);

test.each(ends)('when its time is over, one that came back as %s goes nowhere', (why, ending, _, expired) => {
  expect(routeAgain(returned({ why, ending }), factsOf({}), message.validUntilMs)).toEqual({
    kind: 'done',
    events: [{ type: 'message.failed', at: message.validUntilMs, message: headOf(message), by: 'router', ...expired }],
  });
});

test('what its connector could not send waits there after all when there is no other, and does not come back for that again', () => {
  const { unavailableMs: _, ...others } = cascade;
  const event = returned({ why: 'unavailable', ending: { state: 'rejected', reason: 'unroutable' } });
  const waits = { attempt: undefined, tried: undefined, connector: 'first', cascade: others };
  expect(routeAgain(event, factsOf({ gone: ['second', 'third'] }), nowMs)).toEqual(routed(waits));
  const later = { ...event, attempt: 2, tried: ['second', 'first'], spentMicroCredits: '5' };
  expect(routeAgain(later, factsOf({ gone: ['third'] }), nowMs)).toEqual(
    routed({ ...waits, attempt: 2, tried: ['second'], spentMicroCredits: '5' }),
  );
  expect(routeAgain(event, factsOf({ gone: ['first', 'second', 'third'] }), nowMs)).toEqual(failed(event.ending));
});
