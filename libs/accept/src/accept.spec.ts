import { expect, test } from '@jest/globals';
import { leaseSubjects, newId, type HeliographEvent, type LeaseAnswer, type LeaseReturn } from '@heliograph/message';
import { QueueUnavailableError, type Queue } from '@heliograph/queue';
import { credentialDefaults, type RegistryWatch } from '@heliograph/registry';
import { createAccept } from './accept.ts';
import { connectors, routesOf } from './routed.fixture.ts';
import type { Submission } from './submission.ts';

const tenant = {
  id: 'acme',
  name: 'Acme',
  enabled: true,
  pricePlanId: 'plan',
  defaultCountry: '',
  segmentsPerSecond: 0,
  parameterSecrets: false,
};
const credential = {
  ...credentialDefaults,
  id: 'acme-api',
  tenantId: 'acme',
  kind: 'api_key',
  login: 'acme',
  verifier: '',
  secretSetAt: new Date(0),
} as const;
const registry = {
  current: {
    tenants: new Map([[tenant.id, tenant]]),
    credentials: new Map([[credential.id, credential]]),
    connectors,
    routes: routesOf(''),
    price: () => 10n,
  },
} as unknown as RegistryWatch;
const submission: Submission = {
  credential: 'acme-api',
  door: 'http',
  from: { addr: 'Acme' },
  to: { addr: '+15551234567' },
  content: { kind: 'text', text: 'Hello' },
};

/** A stream that does this with what is published, and a bank that grants what is asked for and hears what of it was spent. */
function acceptWith(publish: (event: HeliographEvent) => Promise<void>, clock = { nowMs: 1_000 }, askingTakesMs = 0, inWorkMax = 100) {
  const published: HeliographEvent[] = [];
  const spent: string[] = [];
  const queue = {
    async ask(subject: string, question: object) {
      if (subject === leaseSubjects.giveBack) return (spent.push((question as LeaseReturn).spentMicroCredits), {});
      clock.nowMs += askingTakesMs;
      return { kind: 'granted', lease: 'l1', microCredits: '100', expiresAtMs: 1e9, forMs: 1e9 } satisfies LeaseAnswer;
    },
    listen() {},
    publish: (event: HeliographEvent) => (published.push(event), publish(event)),
  } as unknown as Queue;
  const accept = createAccept({ queue, registry, instance: 'one', inWorkMax, now: () => clock.nowMs, steadyNow: () => clock.nowMs });
  return { accept, published, spent };
}

test('a message is called as its submission says, or something new', async () => {
  const { accept, published } = acceptWith(async () => {});
  const id = newId();
  expect(await accept.submit({ ...submission, id })).toMatchObject({ ok: true, id });
  expect(published).toMatchObject([{ type: 'message.submitted', message: { id } }]);
  expect(await accept.submit(submission)).not.toMatchObject({ id });
  await accept.close();
});

test('a submission whose time to begin is over when it has its credit is refused, and its credit is back', async () => {
  const { accept, published, spent } = acceptWith(async () => {}, { nowMs: 1_000 }, 500);
  expect(await accept.submit({ ...submission, beginBeforeMs: 1_499 })).toMatchObject({ ok: false, reason: 'unavailable' });
  expect(published).toEqual([]);
  expect(await accept.submit({ ...submission, beginBeforeMs: 1_500 })).toMatchObject({ ok: true });
  await accept.close();
  expect(spent).toEqual(['10']);
});

test.each([
  ['says no', 'no', 'queue_full', undefined, '0'],
  ['does not answer', 'unknown', 'unavailable', true, '10'],
] as const)(
  'a message that the stream %s to is refused, and said to be there perhaps when it may be',
  async (_, stored, reason, mayBeStored, charged) => {
    const { accept, spent } = acceptWith(() => Promise.reject(new QueueUnavailableError(stored)));
    const acceptance = await accept.submit(submission);
    expect(acceptance).toMatchObject({ ok: false, reason });
    expect(!acceptance.ok && acceptance.mayBeStored).toBe(mayBeStored);
    await accept.close();
    expect(spent).toEqual([charged]);
  },
);

test('what is more than a process can hold is throttled at once, until something of it is answered', async () => {
  const storing: (() => void)[] = [];
  const { accept, published } = acceptWith(() => new Promise((resolve) => storing.push(resolve)), undefined, 0, 4);
  const answers = [accept.submit(submission), accept.submit(submission), accept.submit(submission)];
  expect(await answers[2]).toMatchObject({ ok: false, reason: 'throttled', retryAfterMs: 1_000 });
  while (storing.length < 2) await new Promise(setImmediate);
  storing.forEach((stored) => stored());
  expect(await Promise.all(answers.slice(0, 2))).toMatchObject([{ ok: true }, { ok: true }]);
  const again = accept.submit(submission);
  while (storing.length < 3) await new Promise(setImmediate);
  storing[2]?.();
  expect(await again).toMatchObject({ ok: true });
  expect(published).toHaveLength(3);
  await accept.close();
});

test('a test message asks for no credit and carries no lease', async () => {
  const { accept, published, spent } = acceptWith(async () => {});
  expect(await accept.submit({ ...submission, to: { addr: '+15550100001' } })).toMatchObject({ ok: true, microCredits: 0n });
  expect(published).toMatchObject([{ message: { test: true, charge: { lease: '', microCredits: '0' } } }]);
  await accept.close();
  expect(spent).toEqual([]);
});

test('a preview is what a submission would be, and nothing comes of it', async () => {
  const { accept, published, spent } = acceptWith(async () => {});
  expect(accept.preview(submission)).toMatchObject({ ok: true, microCredits: 10n, message: { to: '+15551234567', segments: 1 } });
  expect(accept.preview({ ...submission, to: { addr: 'nobody' } })).toMatchObject({ ok: false, reason: 'bad_number' });
  await accept.close();
  expect([published, spent]).toEqual([[], []]);
});

test('what is left of the pace is said by the narrower limit, for test messages as well, and not at all without one', async () => {
  const clock = { nowMs: 1_000 };
  const { accept } = acceptWith(async () => {}, clock);
  expect(accept.paceLeft('acme-api')).toBeUndefined();
  tenant.segmentsPerSecond = 3;
  try {
    expect(accept.paceLeft('acme-api')).toEqual({ segments: 3, burstSegments: 3, fullInMs: 0, segmentsPerSecond: 3 });
    await accept.submit({ ...submission, to: { addr: '+15550100001' } });
    expect(accept.paceLeft('acme-api')).toMatchObject({ segments: 2, fullInMs: 334 });
  } finally {
    tenant.segmentsPerSecond = 0;
  }
  expect(accept.paceLeft('nobody')).toBeUndefined();
  await accept.close();
});

test('a message under a cap that is reached is refused, says so, and is not counted as one that was sent to its block', async () => {
  const velocity = { messages: 1, windowSeconds: 60 };
  const { accept, published, answers, clock } = guardedAccept({ dailyCap: '20', velocity });
  answers.push({ kind: 'capped', prefix: '' });
  expect(await accept.submit(submission)).toMatchObject({ ok: false, reason: 'spending_cap' });
  answers.push({ kind: 'granted', lease: 'l1', microCredits: '100', expiresAtMs: 1e9, forMs: 1e9 });
  // a refusal holds for a quarter of a second
  clock.nowMs += 300;
  expect(await accept.submit(submission)).toMatchObject({ ok: true });
  expect(published.map((event) => event.type === 'message.submitted' && event.message.held)).toEqual([undefined]);
  await accept.close();
});

test('what is too much for one block is accepted and charged, and held', async () => {
  const { accept, published, answers } = guardedAccept({ velocity: { messages: 1, windowSeconds: 60 } });
  answers.push({ kind: 'granted', lease: 'l1', microCredits: '100', expiresAtMs: 1e9, forMs: 1e9 });
  for (let i = 0; i < 2; i++) expect(await accept.submit({ ...submission, class: 'otp' })).toMatchObject({ ok: true, microCredits: 10n });
  expect(published.map((event) => event.type === 'message.submitted' && event.message.held)).toEqual([undefined, 'own']);
  expect(published[1]).toMatchObject({ message: { charge: { lease: 'l1', microCredits: '10' } } });
  await accept.close();
});

test.each([
  ['destination_denied', { deny: ['1555'] }],
  ['too_many_segments', { segmentsMax: 1 }],
] as const)('a message that is refused as %s asks for no credit', async (reason, own) => {
  const { accept, published, asked } = guardedAccept(own);
  const content = { kind: 'text', text: 'a'.repeat(161) } as const;
  expect(await accept.submit({ ...submission, content })).toMatchObject({ ok: false, reason });
  expect([published, asked()]).toEqual([[], 0]);
  await accept.close();
});

/** A tenant with guards of its own, and a bank that answers as it is told. */
function guardedAccept(own: object) {
  const published: HeliographEvent[] = [];
  const answers: LeaseAnswer[] = [];
  let asked = 0;
  const queue = {
    async ask(subject: string) {
      if (subject === leaseSubjects.giveBack) return {};
      asked++;
      return answers.shift();
    },
    listen() {},
    publish: async (event: HeliographEvent) => void published.push(event),
  } as unknown as Queue;
  const tenants = new Map([[tenant.id, { ...tenant, guards: { own } }]]);
  const guarded = { current: { ...registry.current, tenants } } as unknown as RegistryWatch;
  const clock = { nowMs: 1_000 };
  const accept = createAccept({ queue, registry: guarded, instance: 'one', now: () => clock.nowMs, steadyNow: () => clock.nowMs });
  return { accept, published, answers, clock, asked: () => asked };
}
