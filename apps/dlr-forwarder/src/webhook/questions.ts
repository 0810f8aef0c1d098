import {
  newId,
  webhookDeliveriesMax,
  webhookSubjects,
  webhookTestTimeoutMs,
  type WebhookDeliveriesAnswer,
  type WebhookDeliveriesQuestion,
  type WebhookEndpointAnswer,
  type WebhookEndpointQuestion,
  type WebhookReplayAnswer,
  type WebhookReplayQuestion,
  type WebhookTestAnswer,
  type WebhookTestQuestion,
} from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import type { SharedClock } from '@heliograph/service';
import type { TenantEndpoints } from './endpoints.ts';
import { signOf } from './circuit.ts';
import type { WebhookCircuits } from './circuits.ts';
import type { WebhookDeliveries } from './deliveries.ts';
import type { Poster } from './post.ts';
import { signedPosting } from './sign.ts';
import { endpointOf, webhookTestBody } from './webhook.ts';

export interface WebhookQuestionsOptions {
  readonly deliveries: WebhookDeliveries;
  readonly circuits: WebhookCircuits;
  readonly endpoints: TenantEndpoints;
  readonly poster: Poster;
  readonly clock: Pick<SharedClock, 'now'>;
  /** Something is due now. */
  readonly wake: () => void;
}

const service = 'dlr-forwarder';
/** Tests of one tenant under way at once in this process: each takes up to ten seconds. */
const testsPerTenantMax = 2;

/** Answers what is asked about webhooks. */
export async function answerWebhookQuestions(queue: Pick<Queue, 'answer'>, options: WebhookQuestionsOptions): Promise<void> {
  const { deliveries, circuits, endpoints, clock, wake } = options;
  const test = createTesting(options);

  await Promise.all([
    queue.answer<WebhookEndpointQuestion>(webhookSubjects.endpoint, service, async ({ tenant, url }): Promise<WebhookEndpointAnswer> => {
      return { ...(await circuits.of(endpointOf(tenant, url), clock.now())), gone: endpoints.isGone(tenant, url) };
    }),
    queue.answer<WebhookDeliveriesQuestion>(webhookSubjects.deliveries, service, (question): Promise<WebhookDeliveriesAnswer> => {
      return deliveries.list({ ...question, limit: Math.min(question.limit, webhookDeliveriesMax) });
    }),
    queue.answer<WebhookReplayQuestion>(webhookSubjects.replay, service, async ({ tenant, id }): Promise<WebhookReplayAnswer> => {
      const delivery = await deliveries.find(tenant, id);
      if (!delivery) return { outcome: 'not_found' };
      if (endpoints.closed(tenant, delivery.url)) return { outcome: 'closed' };
      // who asks for it says that the endpoint is mended
      const nowMs = clock.now();
      await circuits.retryNow(delivery.endpoint, nowMs);
      await deliveries.replay(tenant, id, nowMs);
      wake();
      return { outcome: 'replayed' };
    }),
    queue.answer<WebhookTestQuestion>(webhookSubjects.test, service, test),
  ]);
}

/** Posts past the outbox: nothing is kept, and nothing is tried again. An endpoint that takes it is well again. */
function createTesting({ circuits, endpoints, poster, clock, wake }: WebhookQuestionsOptions) {
  const running = new Map<string, number>();
  return async ({ tenant, url }: WebhookTestQuestion): Promise<WebhookTestAnswer> => {
    const others = running.get(tenant) ?? 0;
    if (others >= testsPerTenantMax) return { outcome: 'busy' };
    const secrets = endpoints.secretsOf(tenant);
    if (secrets.length === 0) return { outcome: 'no_secret' };
    running.set(tenant, others + 1);
    try {
      const atMs = Date.now();
      const posting = signedPosting({ id: newId(), url, body: webhookTestBody(atMs), secrets, nowMs: atMs });
      const startedMs = performance.now();
      const answer = await poster.post({ ...posting, timeoutMs: webhookTestTimeoutMs });
      const latencyMs = Math.round(performance.now() - startedMs);
      const nowMs = clock.now();
      if (answer.kind === 'failed') return { outcome: 'posted', error: answer.reason, latencyMs };
      if (signOf(answer, nowMs).health === 'well') {
        await circuits.tell(endpointOf(tenant, url), { kind: 'recovered', atMs: nowMs });
        wake();
      }
      return { outcome: 'posted', status: answer.status, latencyMs };
    } finally {
      const left = (running.get(tenant) ?? 1) - 1;
      if (left > 0) running.set(tenant, left);
      else running.delete(tenant);
    }
  };
}
