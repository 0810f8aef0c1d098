import type { Credential } from '@heliograph/registry';
import type { ApiAnswer, ApiRequest, Operations } from '../http/endpoint.ts';
import type { Asker, Credentials, Made, Outcome } from './credentials.ts';
import type { credentialEndpoints } from './endpoints.ts';
import { showCredential } from './show.ts';

export interface CredentialOperationsOptions {
  readonly credentials: Credentials;
  readonly now?: () => number;
}

export function createCredentialOperations(options: CredentialOperationsOptions): Operations<typeof credentialEndpoints> {
  const { credentials, now = Date.now } = options;
  const show = (credential: Credential) => showCredential({ credential, use: null }, now());
  const showMade = ({ credential, secret }: Made) => ({ ...show(credential), secret });

  return {
    async credentials({ query: { limit, after }, ...request }) {
      // one more tells whether there is a next page
      const found = await credentials.list(askerOf(request), { limit: limit + 1, after });
      return answerWith(found, (all) => {
        const page = all.slice(0, limit);
        return {
          credentials: page.map((one) => showCredential(one, now())),
          next: all.length > limit ? (page.at(-1)?.credential.id ?? null) : null,
        };
      });
    },
    async makeCredential(request) {
      const made = await credentials.make(askerOf(request), request.body);
      return made.ok ? { ok: true, body: showMade(made.value), location: `/v1/credentials/${made.value.credential.id}` } : made;
    },
    async credential(request) {
      return answerWith(await credentials.find(askerOf(request), idOf(request)), (found) => showCredential(found, now()));
    },
    async changeCredential(request) {
      const changed = await credentials.change(askerOf(request), idOf(request), request.body);
      if (!changed.ok) return changed;
      // with its last use, as it is shown anywhere else
      return answerWith(await credentials.find(askerOf(request), idOf(request)), (found) => showCredential(found, now()));
    },
    async deleteCredential(request) {
      const removed = await credentials.remove(askerOf(request), idOf(request));
      return removed.ok ? { ok: true } : removed;
    },
    async resetCredential(request) {
      return answerWith(await credentials.reset(askerOf(request), idOf(request), request.body.graceSeconds * 1000), showMade);
    },
  };
}

function answerWith<Value>(outcome: Outcome<Value>, show: (value: Value) => object): ApiAnswer {
  return outcome.ok ? { ok: true, body: show(outcome.value) } : outcome;
}

type By = Pick<ApiRequest, 'caller' | 'tenant' | 'address' | 'requestId'>;

function askerOf({ caller, tenant, address, requestId }: By): Asker {
  return { caller, tenant, actor: { credential: caller.credential, address, requestId } };
}

function idOf({ params }: Pick<ApiRequest, 'params'>): string {
  return params['id'] ?? '';
}
