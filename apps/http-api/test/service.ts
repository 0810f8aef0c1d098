import { newApiKey } from '@heliograph/credential';
import type { MessageSubmitted } from '@heliograph/message';
import { putTenant } from '@heliograph/registry';
import { testTenant, type Heard } from '@heliograph/testbed';
import { hearSubmitted, openApi, putKey, type Answer as ApiAnswer, type Api } from './api.ts';

/** By what is special about its credential: `live` nothing, `test` its mode, `paced` 2 segments a second and 4 at once. */
export const keys = { live: { key: testTenant.apiKey }, test: newApiKey(), paced: newApiKey() };

export interface Answer extends ApiAnswer {
  readonly headers: Headers;
}

export interface TestService {
  readonly submitted: Heard<MessageSubmitted>;
  /** Micro-credits that the bank has not granted. */
  readonly funds: () => bigint;
  post(path: string, body: object, holder?: keyof typeof keys): Promise<Answer>;
  stop(): Promise<void>;
}

/** http-api alone on real servers, with one tenant; what it accepts is heard, and billing-credits is a stand-in. */
export async function startTestService(funds: bigint): Promise<TestService> {
  const api = await openApi({ funds });
  await seedCredentials(api);
  const submitted = await hearSubmitted(api.queue);
  await api.start();
  return {
    submitted,
    funds: () => api.bank.left,
    async post(path, body, holder = 'live') {
      const response = await api.ask('POST', path, body, { bearer: keys[holder].key });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    stop: api.stop,
  };
}

async function seedCredentials({ database }: Api): Promise<void> {
  await putTenant(database, { id: 'paced', name: 'Paced', pricePlanId: 'standard' });
  await putKey(database, keys.test, { id: 'acme-test', tenantId: testTenant.id, mode: 'test' });
  await putKey(database, keys.paced, { id: 'paced-key', tenantId: 'paced', segmentsPerSecond: 2, burstSegments: 4 });
}
