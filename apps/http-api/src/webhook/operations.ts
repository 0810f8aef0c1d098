import {
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
import { isWebhookUrl, webhookUrlRule } from '@heliograph/webhook';
import { actorOf } from '../control/actor.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { webhookEndpoints } from './endpoints.ts';
import { showDelivery, showEndpoint, showTest } from './show.ts';
import type { OwnWebhook, Saved, Webhooks } from './webhooks.ts';

export interface WebhookOperationsOptions {
  readonly webhooks: Webhooks;
  readonly asking: Asking;
  readonly privateWebhooks: boolean;
  /** Addresses and networks that webhooks come from, as the operator says. */
  readonly egressIps: readonly string[];
}

/** How the endpoint does is told when it is known at once: the rest of the answer does not wait for it. */
const endpointTimeoutMs = 1_000;

export function createWebhookOperations(options: WebhookOperationsOptions): Operations<typeof webhookEndpoints> {
  const { webhooks, asking, privateWebhooks, egressIps } = options;

  async function shown(tenant: string, webhook: OwnWebhook): Promise<ApiAnswer> {
    const question: WebhookEndpointQuestion = { tenant, url: webhook.url };
    const answer =
      webhook.url === '' ? undefined : await asking.ask<WebhookEndpointAnswer>(webhookSubjects.endpoint, question, endpointTimeoutMs);
    return { ok: true, body: { ...webhook, endpoint: answer ? showEndpoint(answer) : null } };
  }

  async function saved(tenant: string, outcome: Saved): Promise<ApiAnswer> {
    if (outcome.kind === 'saved') return shown(tenant, outcome.webhook);
    return { away: nobodyAnswers, unreadable, none: noWebhook }[outcome.kind];
  }

  return {
    async webhook({ tenant }) {
      const webhook = webhooks.of(tenant);
      return webhook ? shown(tenant, webhook) : unreadable;
    },
    async putWebhook({ tenant, body: change, ...by }) {
      if (change.url !== '' && !isWebhookUrl(change.url, privateWebhooks)) return badWebhook;
      return saved(tenant, await webhooks.save(tenant, change, actorOf(by)));
    },
    async rotateWebhookSecret({ tenant, body: { graceSeconds }, ...by }) {
      return saved(tenant, await webhooks.rotate(tenant, graceSeconds, actorOf(by)));
    },
    async testWebhook({ tenant, body }) {
      const own = webhooks.of(tenant);
      if (!own) return unreadable;
      const url = body.url ?? own.url;
      if (own.secrets.length === 0 || url === '') return noWebhook;
      if (!isWebhookUrl(url, privateWebhooks)) return badWebhook;
      const question: WebhookTestQuestion = { tenant, url };
      const answer = await asking.ask<WebhookTestAnswer>(webhookSubjects.test, question, webhookTestTimeoutMs + askTimeoutMs);
      if (!answer) return nobodyAnswers;
      if (answer.outcome === 'posted') return { ok: true, body: showTest(answer) };
      return answer.outcome === 'busy' ? testsUnderWay : noWebhook;
    },
    async webhookDeliveries({ tenant, query: { state, limit, before } }) {
      const question: WebhookDeliveriesQuestion = { tenant, limit, ...(state && { state }), ...(before && { before }) };
      const answer = await asking.ask<WebhookDeliveriesAnswer>(webhookSubjects.deliveries, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      const { deliveries, more } = answer;
      return { ok: true, body: { deliveries: deliveries.map(showDelivery), next: (more && deliveries.at(-1)?.id) || null } };
    },
    async replayWebhookDelivery({ tenant, params: { id = '' } }) {
      const question: WebhookReplayQuestion = { tenant, id };
      const answer = await asking.ask<WebhookReplayAnswer>(webhookSubjects.replay, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      return { replayed: { ok: true, body: { id, state: 'pending' } } as const, not_found: noDelivery, closed: closedEndpoint }[
        answer.outcome
      ];
    },
    async webhookAddresses() {
      const note =
        egressIps.length > 0 ? 'Webhooks come from these addresses.' : 'The operator has not said which; webhooks may come from any.';
      return { ok: true, body: { addresses: egressIps, note } };
    },
  };
}

const badWebhook: ApiAnswer = { ok: false, problem: problem('bad_webhook', webhookUrlRule, [{ field: '/url', message: webhookUrlRule }]) };
const unreadable: ApiAnswer = { ok: false, problem: problem('internal', 'the secrets of your webhook cannot be read') };
const noWebhook: ApiAnswer = { ok: false, problem: problem('webhook_closed', 'set your webhook first: it has no URL or no secret yet') };
const testsUnderWay: ApiAnswer = { ok: false, problem: problem('throttled', 'other tests of yours are under way'), retryAfterMs: 10_000 };
const noDelivery: ApiAnswer = { ok: false, problem: problem('not_found', 'you have no delivery with this id') };
const closedEndpoint: ApiAnswer = {
  ok: false,
  problem: problem('webhook_closed', 'its endpoint answered 410 or is switched off; set your webhook again first'),
};
