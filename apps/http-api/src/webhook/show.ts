import {
  isReportNews,
  type WebhookAttempt,
  type WebhookDelivery,
  type WebhookEndpointAnswer,
  type WebhookTestAnswer,
} from '@heliograph/message';
import type { z } from 'zod';
import { timeText } from '../http/time.ts';
import type { deliveryList, webhook, webhookTestResult } from './schema.ts';

/** What dlr-forwarder answers, in the API's words. */

export function showEndpoint({
  circuit,
  sinceMs,
  lastError,
  pausedUntilMs,
  gone,
}: WebhookEndpointAnswer): z.infer<typeof webhook>['endpoint'] {
  return {
    circuit,
    ...(sinceMs === undefined ? {} : { since: timeText(sinceMs) }),
    ...(lastError === undefined ? {} : { lastError }),
    ...(pausedUntilMs === undefined ? {} : { pausedUntil: timeText(pausedUntilMs) }),
    gone,
  };
}

export function showDelivery(delivery: WebhookDelivery): z.infer<typeof deliveryList>['deliveries'][number] {
  const { id, messageId, reported, url, state, createdAtMs, nextAtMs, doneAtMs, attempts } = delivery;
  return {
    id,
    ...(messageId === undefined ? {} : { messageId }),
    type: isReportNews(reported) ? `message.${reported}` : reported,
    url,
    state,
    createdAt: timeText(createdAtMs),
    ...(nextAtMs === undefined ? {} : { nextAt: timeText(nextAtMs) }),
    ...(doneAtMs === undefined ? {} : { doneAt: timeText(doneAtMs) }),
    attempts: attempts.map(showAttempt),
  };
}

function showAttempt({ atMs, ...attempt }: WebhookAttempt): z.infer<typeof deliveryList>['deliveries'][number]['attempts'][number] {
  return { ...attempt, at: timeText(atMs) };
}

export function showTest({
  status,
  error,
  latencyMs,
}: Extract<WebhookTestAnswer, { outcome: 'posted' }>): z.infer<typeof webhookTestResult> {
  return { delivered: status !== undefined && status >= 200 && status < 300, status: status ?? null, error: error ?? null, latencyMs };
}
