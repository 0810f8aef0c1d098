import { done, newId, type MessageReported, type Outcome, type TakenBy } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import { counter } from '@heliograph/service';
import type { TenantEndpoints } from './endpoints.ts';
import { chooseWebhook, webhookBody } from './webhook.ts';
import type { NewWebhook, WebhookOutbox } from './webhook-outbox.ts';

const owed = counter('heliograph_dlr_forwarder_webhooks_total', 'reported messages by whether a webhook is owed, and why not');
const owedBy = {
  post: owed.with({ outcome: 'owed' }),
  no_url: owed.with({ outcome: 'no_url' }),
  no_secret: owed.with({ outcome: 'no_secret' }),
  bad_url: owed.with({ outcome: 'bad_url' }),
  gone: owed.with({ outcome: 'gone' }),
};

export interface ReportedOptions {
  readonly outbox: WebhookOutbox;
  readonly endpoints: TenantEndpoints;
  /** Something is due now. */
  readonly wake: () => void;
}

/** Handles REPORTED: what a tenant's webhook is owed goes into the outbox, then the event is done with. */
export function createReportedHandler({
  outbox,
  endpoints,
  wake,
}: ReportedOptions): (deliveries: readonly Delivery<TakenBy<'webhook'>>[]) => Promise<Outcome[]> {
  return async (deliveries) => {
    const due = deliveries.flatMap(({ event }) => webhookFor(event, endpoints));
    if (due.length > 0) {
      await outbox.put(due, Date.now());
      wake();
    }
    return deliveries.map(() => nothing);
  };
}

function webhookFor(event: MessageReported, endpoints: TenantEndpoints): NewWebhook[] {
  const { id: messageId, tenant } = event.message;
  const choice = chooseWebhook(event, { webhook: endpoints.webhookOf(tenant), isGone: (url) => endpoints.isGone(tenant, url) });
  owedBy[choice.kind === 'post' ? 'post' : choice.why].add();
  if (choice.kind === 'none') return [];
  return [{ id: newId(), messageId, tenant, state: event.state, url: choice.url, endpoint: choice.endpoint, body: webhookBody(event) }];
}

const nothing = done();
