import { controlEndpoints } from './control/endpoints.ts';
import { createControlOperations, type ControlOperationsOptions } from './control/operations.ts';
import { credentialEndpoints } from './credentials/endpoints.ts';
import { createCredentialOperations, type CredentialOperationsOptions } from './credentials/operations.ts';
import { creditEndpoints } from './credits/endpoints.ts';
import { createCreditOperations } from './credits/operations.ts';
import { eventEndpoints } from './events/endpoints.ts';
import { createEventOperations, type EventOperationsOptions } from './events/operations.ts';
import { guardEndpoints } from './guards/endpoints.ts';
import { createGuardOperations } from './guards/operations.ts';
import { heldEndpoints } from './held/endpoints.ts';
import { createHeldOperations, type HeldOperationsOptions } from './held/operations.ts';
import { historyEndpoints } from './history/endpoints.ts';
import type { History } from './history/history.ts';
import { createHistoryOperations } from './history/operations.ts';
import type { Asking } from './http/ask.ts';
import type { Operations } from './http/endpoint.ts';
import { inboundEndpoints } from './inbound/endpoints.ts';
import { createInboundOperations, type InboundOperationsOptions } from './inbound/operations.ts';
import { messageEndpoints } from './messages/endpoints.ts';
import { createMessageOperations, type MessageOperationsOptions } from './messages/operations.ts';
import { optOutEndpoints } from './opt-outs/endpoints.ts';
import { createOptOutOperations, type OptOutOperationsOptions } from './opt-outs/operations.ts';
import { personEndpoints } from './persons/endpoints.ts';
import { createPersonOperations, type PersonOperationsOptions } from './persons/operations.ts';
import { sessionEndpoints } from './sessions/endpoints.ts';
import { createSessionOperations } from './sessions/operations.ts';
import type { Sessions } from './sessions/sessions.ts';
import { usageEndpoints } from './usage/endpoints.ts';
import { createUsageOperations } from './usage/operations.ts';
import { webhookEndpoints } from './webhook/endpoints.ts';
import { createWebhookOperations, type WebhookOperationsOptions } from './webhook/operations.ts';

/** The API: routes, the document, its page and the tests are made from this list. Its names are the document's operation ids. */
export const endpoints = {
  ...messageEndpoints,
  ...eventEndpoints,
  ...heldEndpoints,
  ...historyEndpoints,
  ...inboundEndpoints,
  ...credentialEndpoints,
  ...creditEndpoints,
  ...guardEndpoints,
  ...optOutEndpoints,
  ...usageEndpoints,
  ...sessionEndpoints,
  ...personEndpoints,
  ...webhookEndpoints,
  ...controlEndpoints,
} as const;

export type Api = Operations<typeof endpoints>;

export interface ApiOptions
  extends
    MessageOperationsOptions,
    EventOperationsOptions,
    HeldOperationsOptions,
    InboundOperationsOptions,
    OptOutOperationsOptions,
    PersonOperationsOptions,
    ControlOperationsOptions,
    CredentialOperationsOptions,
    WebhookOperationsOptions {
  readonly asking: Asking;
  readonly sessions: Sessions;
  readonly history: History;
}

/** What each endpoint does. */
export function createApi(options: ApiOptions): Api {
  return {
    ...createMessageOperations(options),
    ...createEventOperations(options),
    ...createHeldOperations(options),
    ...createHistoryOperations(options),
    ...createInboundOperations(options),
    ...createCredentialOperations(options),
    ...createCreditOperations(options),
    ...createGuardOperations(options),
    ...createOptOutOperations(options),
    ...createUsageOperations(options),
    ...createSessionOperations(options),
    ...createPersonOperations(options),
    ...createWebhookOperations(options),
    ...createControlOperations(options),
  };
}
