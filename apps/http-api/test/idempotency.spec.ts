import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { newApiKey } from '@heliograph/credential';
import {
  derivedId,
  leaseSubjects,
  newId,
  withoutDashes,
  type BalanceAnswer,
  type MessageSubmitted,
  type TopUpQuestion,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry, putTenant } from '@heliograph/registry';
import { eventually, quietLog, seedTenant, startServers, testMessage, testTenant, type Heard, type TestServers } from '@heliograph/testbed';
import { keptForMs, leaseMs } from '../src/idempotency/idempotency.ts';
import { fingerprintOf } from '../src/idempotency/key.ts';
import { openIdempotencyTable } from '../src/idempotency/table.ts';
import { hearSubmitted, putKey } from './api.ts';
import { startApp, type AppProcess } from './app-process.ts';

const to = '+31612345678';
const poor = newApiKey();
const hasty = newApiKey();

let servers: TestServers;
let queue: Queue;
let database: pg.Client;
let messageLog: AppProcess;
let billing: AppProcess;
let api: AppProcess;
let other: AppProcess;
let submitted: Heard<MessageSubmitted>;

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry', 'billing', 'message_log', 'http_api'] });
  await seedTenant(servers.databaseUrl);
  await seedOthers();
  database = new pg.Client({ connectionString: servers.databaseUrl });
  await database.connect();
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  submitted = await hearSubmitted(queue);
  [messageLog, billing] = await Promise.all([startApp('message-log', servers), startApp('billing-credits', servers)]);
  await topUp(testTenant.id, 1_000_000_000_000n);
  await topUp('hasty', 1_000_000_000_000n);
  [api, other] = await Promise.all([startApi(), startApi()]);
}, 90_000);

afterAll(async () => {
  await Promise.all([api, other, messageLog, billing].map((one) => one?.end()));
  await queue?.close();
  await database?.end();
  await servers?.stop();
}, 30_000);

/** A tenant without credit, and one that may send one segment in a hundred seconds. */
async function seedOthers(): Promise<void> {
  const registry = openRegistry(servers.databaseUrl, 1);
  for (const [id, key] of Object.entries({ poor, hasty })) {
    const segmentsPerSecond = id === 'hasty' ? 0.01 : 0;
    await putTenant(registry, { id, name: id, enabled: true, pricePlanId: 'standard', defaultCountry: '', segmentsPerSecond });
    await putKey(registry, key, { id: `${id}-key`, tenantId: id, role: 'tenant-admin' });
  }
  await registry.$disconnect();
}

async function topUp(tenant: string, microCredits: bigint): Promise<void> {
  const question: TopUpQuestion = { tenant, microCredits: String(microCredits), key: randomUUID(), note: 'test' };
  await eventually('a top-up', () => queue.ask<object>(leaseSubjects.topUp, question, 1_000));
}

const startApi = () => startApp('http-api', servers);

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly location: string | null;
  readonly retryAfter: string | null;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  readonly body: any;
}

interface Post {
  readonly body: unknown;
  readonly key: string;
  readonly through?: AppProcess;
  readonly apiKey?: string;
}

async function post({ body, key, through = api, apiKey = testTenant.apiKey }: Post): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${through.ports.http}/v1/messages`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
  });
  const { status, headers } = response;
  const text = await response.text();
  return {
    status,
    replayed: headers.get('idempotent-replayed') === 'true',
    location: headers.get('location'),
    retryAfter: headers.get('retry-after'),
    text,
    body: JSON.parse(text),
  };
}

/** As if the time of everybody who works on something were over: for processes that are known to do nothing any more. */
async function endLeases(): Promise<string[]> {
  const { rows } = await database.query<{ key: string }>(
    'UPDATE http_api.idempotency SET held_until = clock_timestamp() WHERE answer IS NULL RETURNING key',
  );
  return rows.map(({ key }) => key);
}

async function baseOf(key: string): Promise<string> {
  const { rows } = await database.query<{ base: string }>('SELECT base FROM http_api.idempotency WHERE key = $1', [key]);
  return withoutDashes(rows[0]?.base ?? '');
}

/** Messages that were stored with this reference: everything that was published before has been heard. */
async function messagesOf(reference: string): Promise<MessageSubmitted['message'][]> {
  const last = newId();
  await queue.publish({ type: 'message.submitted', at: Date.now(), message: testMessage({ id: last, tenant: 'test' }) });
  await submitted.until(({ message }) => message.id === last);
  return submitted.all.map(({ message }) => message).filter((message) => message.reference === reference);
}

describe('POST /v1/messages with an Idempotency-Key', () => {
  it('202 again, to the octet, for the same request through any process, and one message', async () => {
    const key = randomUUID();
    const body = { to, text: 'Once', reference: key };
    const first = await post({ body, key });
    expect([first.status, first.replayed]).toEqual([202, false]);
    expect(first.body.id).toBe(derivedId(await baseOf(key), 0));
    for (const through of [api, other]) {
      const { status, text, location, replayed } = await post({ body, key: `"${key}"`, through });
      expect({ status, text, location, replayed }).toEqual({ status: 202, text: first.text, location: first.location, replayed: true });
    }
    expect(await messagesOf(key)).toHaveLength(1);
  });

  it('202 again for a list, with what was refused in it', async () => {
    const key = randomUUID();
    const body = { to: [to, 'nonsense', to], text: 'Once each', reference: key };
    const first = await post({ body, key });
    expect(first.body.messages[1]).toMatchObject({ to: 'nonsense', error: { type: '/problems/bad_number' } });
    const again = await post({ body, key });
    expect([again.status, again.replayed, again.text]).toEqual([202, true, first.text]);
    expect((await messagesOf(key)).map(({ id }) => id).sort()).toEqual([0, 2].map((i) => first.body.messages[i].id).sort());
  });

  it('202 for the same key of another tenant: each has its own', async () => {
    const key = randomUUID();
    await topUp('poor', 1_000_000n);
    const answers = [await post({ body: { to, text: 'x' }, key }), await post({ body: { to, text: 'x' }, key, apiKey: poor.key })];
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [202, false],
      [202, false],
    ]);
    expect(answers[0]?.body.id).not.toBe(answers[1]?.body.id);
  });

  it('422: the key belongs to another request', async () => {
    const key = randomUUID();
    await post({ body: { to, text: 'one' }, key });
    const answer = await post({ body: { to, text: 'two' }, key });
    expect(answer).toMatchObject({ status: 422, replayed: false, body: { type: '/problems/idempotency_key_reused' } });
  });

  it('422 again for what is wrong with the request; the key is spent', async () => {
    const key = randomUUID();
    const first = await post({ body: { to: 'nonsense', text: 'x' }, key });
    const again = await post({ body: { to: 'nonsense', text: 'x' }, key });
    expect(first).toMatchObject({ status: 422, replayed: false, body: { type: '/problems/bad_number' } });
    expect([again.status, again.replayed, again.text]).toEqual([422, true, first.text]);
    expect((await post({ body: { to, text: 'x' }, key })).body.type).toBe('/problems/idempotency_key_reused');
  });

  it.each([
    ['400', 'malformed_json', '{'],
    ['422', 'invalid', '{}'],
  ])('%s %s is found before the key is looked at: it stays free', async (status, reason, body) => {
    const key = randomUUID();
    expect(await post({ body, key })).toMatchObject({ status: Number(status), body: { type: `/problems/${reason}` } });
    expect(await post({ body: { to, text: 'x' }, key })).toMatchObject({ status: 202, replayed: false });
  });

  it('402 leaves the key free: topped up, the same request is done', async () => {
    const key = randomUUID();
    const body = { to: Array.from({ length: 5 }, () => to), text: 'x'.repeat(161) };
    expect(await post({ body, key, apiKey: poor.key })).toMatchObject({ status: 402, replayed: false });
    await topUp('poor', 1_000_000_000n);
    const answer = await eventually('credit', async () => {
      const tried = await post({ body, key, apiKey: poor.key });
      return tried.status === 202 && tried;
    });
    expect(answer.replayed).toBe(false);
  });

  it('429 leaves the key free', async () => {
    const body = { to, text: 'x' };
    expect((await post({ body, key: randomUUID(), apiKey: hasty.key })).status).toBe(202);
    const key = randomUUID();
    await eventually(
      'a refusal',
      async () => (await post({ body: { to, text: 'y' }, key: randomUUID(), apiKey: hasty.key })).status === 429,
    );
    for (let i = 0; i < 2; i++) expect(await post({ body, key, apiKey: hasty.key })).toMatchObject({ status: 429, replayed: false });
    expect((await database.query('SELECT FROM http_api.idempotency WHERE key = $1', [key])).rowCount).toBe(0);
  });

  it.each(['', '""', 'x'.repeat(256), 'a\tb', '"open'])('400: the key %j', async (key) => {
    expect(await post({ body: { to, text: 'x' }, key })).toMatchObject({ status: 400, body: { type: '/problems/bad_request' } });
  });

  it('one message of two hundred at the same moment; the others get its answer, or 409 with Retry-After', async () => {
    const key = randomUUID();
    const body = { to, text: 'Once', reference: key };
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => post({ body, key, through: i % 2 ? api : other })));
    const done = answers.filter(({ status }) => status === 202);
    const waiting = answers.filter(({ status }) => status === 409);
    expect([done.length + waiting.length, new Set(done.map(({ text }) => text)).size]).toEqual([200, 1]);
    expect(done.filter(({ replayed }) => !replayed)).toHaveLength(1);
    for (const { body: said, retryAfter } of waiting) expect([said.type, retryAfter]).toEqual(['/problems/idempotency_in_flight', '1']);
    expect(await messagesOf(key)).toHaveLength(1);
  });
});

describe('a request whose process is gone', () => {
  const body = (reference: string) => ({ to: [to, to, to], text: 'Once each', reference });

  /** As it stands when its process dies after the table and before the answer. */
  async function abandon(key: string): Promise<void> {
    await database.query('UPDATE http_api.idempotency SET answer = NULL WHERE key = $1', [key]);
  }

  it('is 409 while it may be alive, then answered from the history: nothing is stored again', async () => {
    const key = randomUUID();
    const first = await post({ body: body(key), key });
    await abandon(key);
    expect(await post({ body: body(key), key, through: other })).toMatchObject({ status: 409, retryAfter: '1' });
    await endLeases();
    const again = await post({ body: body(key), key, through: other });
    expect([again.status, again.replayed, again.text]).toEqual([202, false, first.text]);
    expect(await post({ body: body(key), key })).toMatchObject({ replayed: true, text: first.text });
    expect(await messagesOf(key)).toHaveLength(3);
  });

  it('is finished where only a part of it was stored', async () => {
    const key = randomUUID();
    const base = newId();
    const fingerprint = fingerprintOf('POST', '/v1/messages', Buffer.from(JSON.stringify(body(key))));
    await database.query(
      `INSERT INTO http_api.idempotency (tenant, key, holder, fingerprint, base, created_at, held_until) VALUES ($1, $2, $3, $4, $5, now(), now())`,
      [testTenant.id, key, randomUUID(), fingerprint, base],
    );
    const there = testMessage({ id: derivedId(base, 1), tenant: testTenant.id, to, segments: 1, reference: key });
    await queue.publish({ type: 'message.submitted', at: Date.now(), message: there });
    const answer = await post({ body: body(key), key });
    expect(answer.body.messages.map(({ id }: { id: string }) => id)).toEqual([0, 1, 2].map((i) => derivedId(base, i)));
    expect((await messagesOf(key)).map(({ id }) => id).sort()).toEqual([0, 1, 2].map((i) => derivedId(base, i)).sort());
  });

  it('is another one by its body all the same', async () => {
    const key = randomUUID();
    await post({ body: body(key), key });
    await abandon(key);
    await endLeases();
    expect(await post({ body: body('other'), key })).toMatchObject({ status: 422, body: { type: '/problems/idempotency_key_reused' } });
  });

  it('is 503 and stays as it is while nobody knows what was stored', async () => {
    const key = randomUUID();
    const first = await post({ body: body(key), key });
    await abandon(key);
    await endLeases();
    await messageLog.end();
    expect(await post({ body: body(key), key })).toMatchObject({ status: 503, retryAfter: '2' });
    messageLog = await startApp('message-log', servers);
    const again = await post({ body: body(key), key });
    expect([again.status, again.text]).toEqual([202, first.text]);
    expect(await messagesOf(key)).toHaveLength(3);
  }, 20_000);
});

describe('kill -9 of a process between accepting and answering', () => {
  const roundsMin = 4;
  const roundsMax = 12;
  const requestsPerRound = 60;
  const seed = Number(process.env.SEED ?? randomInt(1_000_000));
  let victim: AppProcess | undefined;

  afterEach(() => void victim?.child.kill('SIGKILL'));

  it(`nothing is stored or charged twice, nothing is lost (SEED=${seed})`, async () => {
    const random = createRandom(seed);
    const before = await charged();
    const promised = new Map<string, string>();
    /** What the next attempt finds: all of a request there, or none of it. */
    const found = { stored: 0, begun: 0 };
    let expected = 0;
    for (let round = 1; round <= roundsMin || (round <= roundsMax && found.stored === 0); round++) {
      victim = await startApi();
      const through = victim;
      const posts = Array.from({ length: requestsPerRound }, (_, i) => {
        const recipients = i % 5 === 0 ? Array.from({ length: 1 + Math.floor(random() * 20) }, () => to) : to;
        const key = `${seed} ${round} ${i}`;
        return { key, body: { to: recipients, text: 'x', reference: key } };
      });
      const gone = once(through.child, 'exit');
      const fatal = posts[Math.floor(random() * requestsPerRound)]?.key;
      // when one is stored, which is mostly before any is answered; or when one is answered
      if (round % 2) void submitted.until(({ message }) => message.reference === fatal).then(() => through.child.kill('SIGKILL'));
      const outcomes = await Promise.allSettled(
        posts.map(async (one) => {
          const answer = await post({ ...one, through });
          if (one.key === fatal) through.child.kill('SIGKILL');
          return answer;
        }),
      );
      through.child.kill('SIGKILL');
      await gone;
      await messagesOf('');
      for (const key of await endLeases()) found[submitted.all.some(({ message }) => message.reference === key) ? 'stored' : 'begun']++;
      for (const [i, one] of posts.entries()) {
        const outcome = outcomes[i];
        const again = await eventually('an answer', async () => {
          const tried = await post(one);
          return tried.status === 202 && tried;
        });
        if (outcome?.status === 'fulfilled' && outcome.value.status === 202)
          expect([one.key, again.text, again.replayed]).toEqual([one.key, outcome.value.text, true]);
        promised.set(one.key, again.text);
        expected += typeof one.body.to === 'string' ? 1 : one.body.to.length;
      }
    }
    for (const [key, text] of promised) {
      const answer = JSON.parse(text) as { id: string } | { messages: { id: string }[] };
      const ids = 'id' in answer ? [answer.id] : answer.messages.map(({ id }) => id);
      expect([key, (await messagesOf(key)).map(({ id }) => id).sort()]).toEqual([key, ids.sort()]);
    }
    expect(found.stored).toBeGreaterThan(0);
    await eventually('the charges', async () => (await charged()) - before === BigInt(expected) * 1_000_000n);
  }, 120_000);
});

describe('old keys', () => {
  it('are purged after their time, the youngest last; what is answered and what never was', async () => {
    const table = openIdempotencyTable(servers.databaseUrl, leaseMs, quietLog);
    const tenant = 'old';
    for (let i = 0; i < 5; i++) {
      const held = { tenant, key: `${i}`, holder: randomUUID() };
      await table.claim({ ...held, fingerprint: Buffer.alloc(32), base: newId() });
      if (i % 2) await table.keep({ ...held, answer: '{}' });
      const ageMs = keptForMs + (i === 4 ? -60_000 : 60_000 - i * 1_000);
      await database.query(`UPDATE http_api.idempotency SET created_at = now() - $3 * interval '1 ms' WHERE tenant = $1 AND key = $2`, [
        tenant,
        held.key,
        ageMs,
      ]);
    }
    expect([await table.purge(keptForMs, 3), await left()]).toEqual([3, ['3', '4']]);
    expect([await table.purge(keptForMs, 3), await left()]).toEqual([1, ['4']]);
    expect(await table.purge(keptForMs, 3)).toBe(0);
    await table.close();

    async function left(): Promise<string[]> {
      const { rows } = await database.query<{ key: string }>('SELECT key FROM http_api.idempotency WHERE tenant = $1 ORDER BY key', [
        tenant,
      ]);
      return rows.map(({ key }) => key);
    }
  });
});

async function charged(): Promise<bigint> {
  const answer = await queue.ask<BalanceAnswer>(leaseSubjects.balance, { tenant: testTenant.id }, 5_000);
  return BigInt(answer?.chargedMicroCredits ?? -1n);
}

/** mulberry32: small, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
