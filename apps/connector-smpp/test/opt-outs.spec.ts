import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import type { Message, MessageFailed } from '@heliograph/message';
import { optOutsChanged, putPricePlan, putTenant, sayOptOuts } from '@heliograph/registry';
import type { Running } from '@heliograph/service';
import { startPlatform, type Platform } from './platform.ts';

let platform: Platform;
let app: Running;
let carrier: Carrier;

beforeAll(async () => {
  platform = await startPlatform();
  await putPricePlan(platform.database, { id: 'plan', name: 'Plan', refunds: ['rejected'], prices: [] });
  await putTenant(platform.database, { id: 'shop', name: 'Shop', pricePlanId: 'plan' });
  app = await platform.startApp();
  carrier = await startCarrier({ systemId: 'slow', password: 'secret', behaviour: 'slow', options: { slowMs: 200, receiptDelayMs: 20 } });
  await platform.connector('slow', { port: carrier.port, window: 2 });
}, 60_000);

afterAll(async () => {
  await app?.stop();
  await carrier?.stop();
  await platform?.stop();
});

const outcomeOf = ({ id }: Pick<Message, 'id'>) =>
  platform.seen.find((event) => (event.type === 'message.sent' || event.type === 'message.failed') && event.message.id === id);
const send = (i: number, special: Partial<Message> = {}) =>
  platform.route('slow', {
    tenant: 'shop',
    from: { addr: 'Shop', ton: 5, npi: 0 },
    to: '+31612345678',
    content: { kind: 'text', text: `n${i}` },
    ...special,
  });

test('a STOP that is stored is in force within a second: what waits behind a slow provider ends, what is in the window goes on', async () => {
  const campaign: Message[] = [];
  for (let i = 0; i < 40; i++) campaign.push(await send(i));
  const toOthers = await send(40, { to: '+31612345679' });
  const answer = await send(41, { optOutExempt: true });
  await platform.until((seen) => seen.some(({ type }) => type === 'message.sent'));

  const said = { tenantId: 'shop', sender: 'shop', recipient: '31612345678', state: 'out', via: 'keyword', at: new Date() } as const;
  await platform.database.$transaction((transaction) => sayOptOuts(transaction, [said]));
  platform.queue.broadcast(optOutsChanged, {});
  const storedAt = Date.now();

  await platform.until(() => [...campaign, toOthers, answer].every((message) => outcomeOf(message) !== undefined));
  const outcomes = campaign.map((message) => outcomeOf(message));
  const sent = outcomes.filter((event) => event?.type === 'message.sent');
  const refused = outcomes.filter((event): event is MessageFailed => event?.type === 'message.failed');
  expect(refused.length).toBeGreaterThan(20);
  for (const event of refused)
    expect(event).toMatchObject({ by: 'slow', state: 'rejected', reason: 'opted_out', message: { tenant: 'shop' } });
  expect([outcomeOf(toOthers)?.type, outcomeOf(answer)?.type]).toEqual(['message.sent', 'message.sent']);
  expect(carrier.stats()).toMatchObject({ distinct: sent.length + 2, duplicates: 0 });
  // those in the window when it was stored are answered after it; nothing was begun later than a second after it
  for (const event of sent) expect(event?.at).toBeLessThan(storedAt + 1_000 + 400);
}, 30_000);

test('who has started again gets messages again', async () => {
  const said = { tenantId: 'shop', sender: 'shop', recipient: '31612345678', state: 'in', via: 'keyword', at: new Date() } as const;
  await platform.database.$transaction((transaction) => sayOptOuts(transaction, [said]));
  platform.queue.broadcast(optOutsChanged, {});
  for (let i = 100; ; i++) {
    const message = await send(i);
    await platform.until(() => outcomeOf(message) !== undefined);
    if (outcomeOf(message)?.type === 'message.sent') break;
  }
}, 30_000);
