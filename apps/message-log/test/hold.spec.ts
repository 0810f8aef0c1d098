import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  historySubjects,
  type EventsAnswer,
  type KnownAnswer,
  type Message,
  type MessageAnswer,
  type MessageListAnswer,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog } from '@heliograph/service';
import { eventually, startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { deliveredWay, messageAt } from './events.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let history: History;
let service: ChildProcess;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  history = openHistory(servers.databaseUrl);
  service = startService();
  await eventually('it has heard of no other process, and holds back', () => isHeld(submit('alone')), 30_000);
}, 90_000);

afterAll(async () => {
  await queue?.close();
  await history?.close();
  service?.kill('SIGKILL');
  await servers?.stop();
}, 30_000);

/** Nothing that is on its way is written unless somebody asks. */
function startService(): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, '..', 'src', 'main.ts')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: servers.databaseUrl,
      NATS_URL: servers.natsUrl,
      GATHER_MS: '20ms',
      HOLD_MS: '1h',
      HEALTH_PORT: '0',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function submit(tenant: string, fields: Partial<Message> = {}): Message {
  const message = messageAt(Date.now(), { tenant, ...fields });
  void queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
  return message;
}

async function run(message: Message): Promise<void> {
  for (const event of deliveredWay(message)) await queue.publish(event);
}

/** When its report is there, whatever was published before it has been taken. */
function reported({ tenant, id }: Message): Promise<unknown> {
  return eventually('the report', async () => {
    const answer = await queue.ask<EventsAnswer>(historySubjects.events, { tenant, limit: 100 }, 5_000);
    return answer?.events.some(({ report }) => report.id === id);
  });
}

/** On its way, and held back: another one that was accepted after it is written. */
async function isHeld({ tenant, id }: Message): Promise<boolean> {
  const other = messageAt(Date.now(), { tenant });
  await run(other);
  await reported(other);
  return (await history.read({ tenant, id })) === undefined;
}

async function heldMessage(tenant: string, fields: Partial<Message> = {}): Promise<Message> {
  const message = submit(tenant, fields);
  expect(await isHeld(message)).toBe(true);
  return message;
}

describe('a message that is on its way is held back, and', () => {
  it('is found by its id', async () => {
    const { tenant, id } = await heldMessage('one');
    expect(await queue.ask<MessageAnswer>(historySubjects.get, { tenant, id }, 5_000)).toMatchObject({
      message: { id, state: 'accepted' },
    });
  }, 30_000);

  it('is found by the id that its client knows, with the state it has now', async () => {
    const { tenant, id } = await heldMessage('receipts', { receiptId: '0a1b2c3d' });
    const get = () => queue.ask<MessageAnswer>(historySubjects.get, { tenant, id: '0a1b2c3d' }, 5_000);
    expect(await get()).toMatchObject({ message: { id, state: 'accepted' } });
    const [, routed] = deliveredWay(messageAt(Date.now(), { tenant, id }));
    await queue.publish(routed!);
    await eventually('the state', async () => (await get())?.message?.state === 'routed');
  }, 30_000);

  it('is in lists', async () => {
    const { tenant, id } = await heldMessage('lists');
    await eventually('the message', async () => {
      const answer = await queue.ask<MessageListAnswer>(historySubjects.list, { tenant, limit: 10 }, 5_000);
      return answer?.messages.some((message) => message.id === id);
    });
  }, 30_000);

  it('is known for certain as soon as somebody asks, who does not wait for it to be written otherwise', async () => {
    const { tenant, id } = await heldMessage('known');
    const answer = await queue.ask<KnownAnswer>(historySubjects.known, { tenant, ids: [id] }, 5_000);
    expect(answer).toMatchObject({ complete: true, messages: [{ id }] });
  }, 30_000);

  it('is not lost when the process is killed', async () => {
    const { tenant, id } = await heldMessage('killed');
    service.kill('SIGKILL');
    await once(service, 'exit');
    service = startService();
    const get = async () => (await queue.ask<MessageAnswer>(historySubjects.get, { tenant, id }, 5_000))?.message;
    await eventually('the message', get, 40_000);
  }, 60_000);
});
