import type { Actor } from '@heliograph/registry';
import type { ApiRequest } from '../http/endpoint.ts';

export type By = Pick<ApiRequest, 'caller' | 'address' | 'requestId'>;

/** Whoever asks, for the audit log. */
export function actorOf({ caller, address, requestId }: By): Actor {
  return { credential: caller.credential, address, requestId };
}
