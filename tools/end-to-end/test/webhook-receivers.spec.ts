import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newWebhookSecret, signWebhook } from '@heliograph/credential';
import { eventually } from '@heliograph/testbed';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The receivers of the documentation, each as a process of its own. */
const examples = join(import.meta.dirname, '../../../docs/examples');
const folder = mkdtempSync(join(tmpdir(), 'heliograph-receivers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How each is run; those whose language is not on this machine are left out. */
const receivers = [
  { language: 'TypeScript', needs: undefined, command: () => [process.execPath, join(examples, 'webhook-receiver.ts')] },
  { language: 'Python', needs: ['python3'], command: () => ['python3', join(examples, 'webhook-receiver.py')] },
  {
    language: 'C#',
    needs: ['mcs', 'mono'],
    command: () => {
      const program = join(folder, 'receiver.exe');
      execFileSync('mcs', [`-out:${program}`, join(examples, 'webhook-receiver.cs')]);
      return ['mono', program];
    },
  },
].filter(({ language, needs }) => {
  const missing = needs?.find((program) => spawnSync(program, ['--version']).error);
  if (missing) console.log(`${language}: no ${missing} here`);
  return !missing;
});

interface Receiver {
  readonly url: string;
  readonly said: () => string[];
  stop(): Promise<void>;
}

const [secret, other, stranger] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
/** With letters of several octets: what is signed is octets. */
const body = '{"type":"message.delivered","data":{"text":"Grüße 😀"}}';

async function startReceiver(command: readonly string[], env: Record<string, string>): Promise<Receiver> {
  const port = await freePort();
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, { env: { PATH: process.env['PATH'], ...env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const lines = () => output.split('\n').filter(Boolean);
  await eventually('it listens', () => lines()[0]?.startsWith('listening on'));
  return { url: `http://127.0.0.1:${port}/reports`, said: () => lines().slice(1), stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let last = 0;
const newId = (): string => `msg_${++last}`;

function signed({ id = newId(), timestamp = nowSeconds(), secrets = [secret], content = body } = {}): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook({ secrets, id, timestamp, body: content }),
  };
}

describe.each(receivers)('the receiver in $language', ({ command: make }) => {
  let receiver: Receiver;
  let command: string[];
  beforeAll(async () => {
    command = make();
    receiver = await startReceiver(command, { WEBHOOK_SECRET: `${secret} ${other}` });
  }, 60_000);
  afterAll(() => receiver.stop());

  const post = async (headers: Record<string, string>, content = body) => {
    const before = receiver.said().length;
    const { status } = await fetch(receiver.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: content,
    });
    return { status, said: receiver.said().slice(before) };
  };

  test('takes what is signed, as it is', async () => {
    const id = newId();
    expect((await post(signed({ id }))).status).toBe(204);
    await eventually('received', () => receiver.said().includes(`received ${id} ${body}`));
  });

  test('takes the same one again without doing it again', async () => {
    const id = newId();
    const headers = signed({ id });
    expect((await post(headers)).status).toBe(204);
    // tried again a minute later: another timestamp, the same id
    for (const again of [headers, signed({ id, timestamp: nowSeconds() - 60 })]) expect((await post(again)).status).toBe(204);
    await eventually('told of both', () => receiver.said().filter((line) => line === `again ${id}`).length === 2);
    expect(receiver.said().filter((line) => line.startsWith(`received ${id} `))).toHaveLength(1);
  });

  test.each([
    ['with the secret before the rotation', () => signed({ secrets: [other] })],
    ['with both secrets', () => signed({ secrets: [other, secret] })],
    ['with one of several signatures good', () => signed({ secrets: [stranger, secret] })],
    [
      'with signatures of a form to come beside',
      () => {
        const headers = signed();
        return { ...headers, 'webhook-signature': `v1a,AAAA ${headers['webhook-signature']} v2,!!` };
      },
    ],
    ['4 minutes old', () => signed({ timestamp: nowSeconds() - 240 })],
  ])('takes one %s', async (_, headers) => {
    expect((await post(headers())).status).toBe(204);
  });

  test.each<[string, () => Record<string, string>]>([
    ['that is tampered with', () => signed({ content: `${body} ` })],
    ['that is signed by a stranger', () => signed({ secrets: [stranger] })],
    ['with the id of another', () => ({ ...signed(), 'webhook-id': newId() })],
    ['with a newer timestamp than was signed', () => ({ ...signed(), 'webhook-timestamp': String(nowSeconds() + 1) })],
    ['that is 6 minutes old', () => signed({ timestamp: nowSeconds() - 360 })],
    ['of 6 minutes from now', () => signed({ timestamp: nowSeconds() + 360 })],
    ['that is not signed', () => ({})],
    ['without a timestamp', () => ({ ...signed(), 'webhook-timestamp': '' })],
    ['with a timestamp that is none', () => ({ ...signed(), 'webhook-timestamp': '1e9' })],
    ['with a signature that is no base64', () => ({ ...signed(), 'webhook-signature': 'v1,***' })],
    ['with an empty signature', () => ({ ...signed(), 'webhook-signature': 'v1,' })],
    ['with a part of the signature', () => ({ ...signed(), 'webhook-signature': signed()['webhook-signature']!.slice(0, 20) })],
  ])('refuses one %s, and does nothing', async (_, headers) => {
    expect(await post(headers())).toEqual({ status: 400, said: [] });
  });

  test('refuses another method, and a body that is too large', async () => {
    expect((await fetch(receiver.url)).status).toBe(405);
    const large = 'x'.repeat(70_000);
    // it may close the connection before all was written: then there is no answer to read
    const refused = await post(signed({ content: large }), large).catch(() => ({ status: 413 }));
    expect(refused.status).toBe(413);
    expect((await post(signed())).status).toBe(204);
  });

  test('agrees with the check value of Standard Webhooks', async () => {
    const tolerant = await startReceiver(command, {
      WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      WEBHOOK_TOLERANCE_SECONDS: '4000000000',
    });
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const answer = await fetch(tolerant.url, { method: 'POST', headers, body: '{"test": 2432232314}' });
    expect(answer.status).toBe(204);
    await tolerant.stop();
  });

  test('does not start without a secret', async () => {
    const [file, ...args] = command as [string, ...string[]];
    const child = spawn(file, args, { env: { PATH: process.env['PATH'], PORT: '1' }, stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).not.toBe(0);
  });
});
