import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { headOf, newId, type Message } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { messageAt, t0 } from './events.ts';

let servers: TestServers;
let history: History;
beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'], syncAlways: false });
  history = openHistory(servers.databaseUrl);
}, 60_000);
afterAll(async () => {
  await history?.close();
  await servers?.stop();
}, 30_000);

const heldMessage = (tenant: string, id = newId()): Message => messageAt(t0, { id, tenant, held: 'operator' });
const submitted = (message: Message): LoggedEvent => ({ type: 'message.submitted', at: t0, message });
const scheduled = (message: Message): LoggedEvent => ({
  type: 'message.scheduled',
  at: t0 + 5,
  message: headOf(message),
  sendAtMs: t0 + 60_000,
});
function released({ held: _, ...message }: Message): LoggedEvent {
  return { type: 'message.replaced', at: t0 + 20, message: headOf(message), content: message.content, releasedBy: 'operator' };
}
const write = (...events: LoggedEvent[]) => history.write([events.reduce(addEvent, undefined as Row | undefined) as Row]);
const idsHeld = async (tenant?: string) =>
  (await history.held({ limit: 100, ...(tenant === undefined ? {} : { tenant }) })).messages.map(({ id }) => id);

it('is what waits and was not released, of a tenant or of all, newest first and in pages', async () => {
  // of one millisecond they come in any order
  const ids = [newId(), newId(), newId()].sort();
  const [older, newer, others] = [heldMessage('acme', ids[0]), heldMessage('acme', ids[1]), heldMessage('other', ids[2])] as const;
  for (const one of [older, newer, others]) await write(submitted(one), scheduled(one));
  expect(await idsHeld('acme')).toEqual([newer.id, older.id]);
  expect(await idsHeld()).toEqual([others.id, newer.id, older.id]);
  const page = await history.held({ tenant: 'acme', limit: 1 });
  expect(page).toMatchObject({ messages: [{ id: newer.id, held: 'operator', tenant: 'acme' }], next: newer.id });
  expect(await history.held({ tenant: 'acme', limit: 1, before: newer.id })).toMatchObject({ messages: [{ id: older.id }] });
});

it('is not what was released, in whatever order that is heard of, nor what was never held, was not put to wait yet, or has ended', async () => {
  for (const i of [0, 1, 2]) {
    const one = heldMessage('order');
    const events = [submitted(one), scheduled(one), released(one)];
    // each written alone, another first each time
    for (const event of [...events.slice(i), ...events.slice(0, i)]) await write(event);
  }
  const { held: _, ...free } = heldMessage('order');
  await write(submitted(free), scheduled(free));
  await write(submitted(heldMessage('order')));
  const rejected = heldMessage('order');
  await write(submitted(rejected), scheduled(rejected), {
    type: 'message.failed',
    at: t0 + 30,
    message: headOf(rejected),
    by: 'router',
    state: 'cancelled',
    reason: 'cancelled',
  });
  expect(await idsHeld('order')).toEqual([]);
});

it('is told in the trace: who held it, until when, and who let it go on', async () => {
  const one = heldMessage('trace');
  await write(submitted(one), scheduled(one), released(one));
  const found = await history.read({ tenant: 'trace', id: one.id });
  expect(found?.hops.map(({ detail }) => detail).slice(1)).toEqual([
    { heldBy: 'operator', untilAtMs: t0 + 60_000 },
    { releasedBy: 'operator', sendAtMs: t0 + 20 },
  ]);
  expect(found?.message).not.toHaveProperty('held');
});
