import { expect, it } from '@jest/globals';
import type { WebhookDelivery, WebhookNews } from '@heliograph/message';
import { deliveryList } from './schema.ts';
import { showDelivery } from './show.ts';

const id = '01a1f896f96277b38f0f343e747bb81e';
const delivery: WebhookDelivery = {
  id,
  messageId: id,
  reported: 'delivered',
  url: 'https://acme.example/reports',
  state: 'delivered',
  createdAtMs: 0,
  doneAtMs: 5,
  attempts: [{ attempt: 1, atMs: 3, status: 200, latencyMs: 2 }],
};

it.each<[WebhookNews, string]>([
  ['delivered', 'message.delivered'],
  ['no_report', 'message.no_report'],
  ['message.received', 'message.received'],
  ['balance.low', 'balance.low'],
])('a delivery of %s is shown as %s, as the schema says', (reported, type) => {
  const shown = showDelivery({ ...delivery, reported });
  expect(shown.type).toBe(type);
  expect(deliveryList.parse({ deliveries: [shown], next: null }).deliveries).toEqual([shown]);
});
