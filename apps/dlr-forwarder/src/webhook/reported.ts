import { done, newId, type Outcome, type TakenBy, type WebhookNews } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import { counter, type SharedClock } from '@heliograph/service';
import type { TenantEndpoints } from './endpoints.ts';
import { chooseForTenant, chooseWebhook, noticeBody, receivedBody, webhookBody, type WebhookChoice, type WebhookFacts } from './webhook.ts';
import type { NewWebhook, WebhookOutbox } from './outbox.ts';

const owed = counter(
  'heliograph_dlr_forwarder_webhooks_total',
  'reported messages, notices and messages of handsets by whether a webhook is owed, and why not',
);
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
  readonly clock: Pick<SharedClock, 'now'>;
  /** Something is due now. */
  readonly wake: () => void;
}

/** Handles REPORTED and MATCHED: what a tenant's webhook is owed goes into the outbox, then the event is done with. */
export function createReportedHandler({
  outbox,
  endpoints,
  clock,
  wake,
}: ReportedOptions): (deliveries: readonly Delivery<TakenBy<'webhook'>>[]) => Promise<Outcome[]> {
  return async (deliveries) => {
    const due = deliveries.flatMap(({ event }) => webhookFor(event, endpoints));
    if (due.length > 0) {
      await outbox.put(due, clock.now());
      wake();
    }
    return deliveries.map(() => nothing);
  };
}

function webhookFor(event: TakenBy<'webhook'>, endpoints: TenantEndpoints): NewWebhook[] {
  const { about, tenant, state, choose, body } = tellingOf(event);
  const choice = choose({ webhook: endpoints.webhookOf(tenant), isGone: (url) => endpoints.isGone(tenant, url) });
  owedBy[choice.kind === 'post' ? 'post' : choice.why].add();
  if (choice.kind === 'none') return [];
  return [{ id: newId(), messageId: about, tenant, state, url: choice.url, endpoint: choice.endpoint, body: body() }];
}

interface Telling {
  readonly about: string;
  readonly tenant: string;
  readonly state: WebhookNews;
  readonly choose: (facts: WebhookFacts) => WebhookChoice;
  readonly body: () => string;
}

function tellingOf(event: TakenBy<'webhook'>): Telling {
  switch (event.type) {
    case 'balance.low': {
      const { id: about, tenant } = event;
      return { about, tenant, state: event.type, choose: (facts) => chooseForTenant(event, facts), body: () => noticeBody(event) };
    }
    case 'inbound.matched': {
      const { tenant, inbound } = event;
      const choose = (facts: WebhookFacts) => chooseForTenant(event, facts);
      return { about: inbound.id, tenant, state: 'message.received', choose, body: () => receivedBody(event) };
    }
    case 'message.reported': {
      const { id: about, tenant } = event.message;
      return { about, tenant, state: event.state, choose: (facts) => chooseWebhook(event, facts), body: () => webhookBody(event) };
    }
  }
}

const nothing = done();
