import { expect, test } from '@jest/globals';
import type { Accept, Submission } from '@heliograph/accept';
import type { InboundMatched } from '@heliograph/message';
import { credentialDefaults, type Credential, type Snapshot } from '@heliograph/registry';
import type { Database } from './database.ts';
import { createReplies } from './replies.ts';

const now = 10_000_000;
const inbound = {
  id: '0193f0a0000070008000000000000001',
  connector: 'demo',
  from: '+31612345678',
  to: '+31201234567',
  content: { kind: 'text', text: 'help' },
  receivedAtMs: now,
  parts: 1,
} as const;
const event: InboundMatched = { type: 'inbound.matched', at: now, inbound, tenant: 'acme', route: 'r' };

const credential = (id: string, special: Partial<Credential> = {}): Credential => ({
  ...credentialDefaults,
  id,
  tenantId: 'acme',
  kind: 'api_key',
  login: id,
  verifier: '',
  allowIps: [],
  scopes: [],
  secretSetAt: new Date(0),
  ...special,
});

function started(credentials: readonly Credential[], { notedBefore = false, stored = true } = {}) {
  const submitted: Submission[] = [];
  const warned: object[] = [];
  const accept: Pick<Accept, 'submit'> = {
    submit: async (submission) => {
      submitted.push(submission);
      return { ok: true, id: 'x', to: submission.to.addr, segments: 1, microCredits: 0n };
    },
  };
  const database = {
    $queryRaw: async () => {
      if (!stored) throw new Error('away');
      return notedBefore ? [] : [{}];
    },
  } as unknown as Pick<Database, '$queryRaw'>;
  const tenants = new Map([['acme', { enabled: true }]]) as unknown as Snapshot['tenants'];
  const current = { tenants, credentials: new Map(credentials.map((one) => [one.id, one])) } as unknown as Snapshot;
  const replies = createReplies({
    database,
    accept,
    registry: { current },
    log: { warn: (fields: object) => void warned.push(fields) } as never,
    now: () => now,
  });
  const reply = async (special: Partial<InboundMatched> = {}): Promise<void> => {
    await replies.reply({ event: { ...event, ...special }, to: inbound.from, text: 'Call us' });
    await replies.stop();
  };
  return { reply, submitted, warned };
}

test.each<[what: string, credentials: Credential[], special: Partial<InboundMatched>, expected: string | undefined]>([
  ['the one that gets the message', [credential('a'), credential('b', { kind: 'smpp' })], { credential: 'b' }, 'b'],
  ['the first of the tenant', [credential('b'), credential('a')], {}, 'a'],
  ['the first that can be used', [credential('a', { enabled: false }), credential('b')], {}, 'b'],
  ['the first that may send', [credential('a', { scopes: ['messages:read'] }), credential('b')], {}, 'b'],
  ['none of a person', [credential('a', { kind: 'person' })], {}, undefined],
  ["none of another's", [credential('a', { tenantId: 'other' })], {}, undefined],
])('an answer is submitted by %s', async (_, credentials, special, expected) => {
  const { reply, submitted, warned } = started(credentials);
  await reply(special);
  expect(submitted.map((one) => one.credential)).toEqual(expected === undefined ? [] : [expected]);
  expect(warned).toHaveLength(expected === undefined ? 1 : 0);
});

test('an answer goes from the number that was written to, past the opt-out', async () => {
  const { reply, submitted } = started([credential('a')]);
  await reply();
  expect(submitted).toEqual([
    {
      credential: 'a',
      door: 'inbound',
      from: { addr: '+31201234567' },
      to: { addr: '+31612345678' },
      content: { kind: 'text', text: 'Call us' },
      optOutExempt: true,
    },
  ]);
});

test.each<[what: string, options: object, special: Partial<InboundMatched>]>([
  ['has been answered', { notedBefore: true }, {}],
  ['is of more than an hour ago', {}, { inbound: { ...inbound, receivedAtMs: now - 3_600_001 } }],
])('a message is not answered that %s', async (_, options, special) => {
  const { reply, submitted } = started([credential('a')], options);
  await reply(special);
  expect(submitted).toEqual([]);
});

test('an answer that cannot be noted is not submitted, and the message comes again', async () => {
  const { reply, submitted } = started([credential('a')], { stored: false });
  await expect(reply()).rejects.toThrow('away');
  expect(submitted).toEqual([]);
});
