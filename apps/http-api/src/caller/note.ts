import type { RequestHandler } from 'express';
import { plainAddress } from '@heliograph/credential';
import type { CredentialUses, Snapshot } from '@heliograph/registry';
import { isRotationDue, rotateByMs } from '../credentials/rotation.ts';
import type { Caller } from './caller.ts';

export interface NoteOptions {
  readonly registry: { readonly current: Pick<Snapshot, 'credentials'> };
  readonly uses: Pick<CredentialUses, 'saw'>;
  readonly now?: () => number;
}

/** Whoever is let in is noted as seen, and is told by which day its secret is to be changed when that is soon, or has passed. */
export function noteCallers(authenticate: RequestHandler, { registry, uses, now = Date.now }: NoteOptions): RequestHandler {
  return (request, response, next) =>
    authenticate(request, response, (error?: unknown) => {
      if (error) return next(error);
      const { credential: id } = response.locals.caller as Caller;
      uses.saw(id, plainAddress(request.socket.remoteAddress ?? ''));
      const credential = registry.current.credentials.get(id);
      const byMs = credential && isRotationDue(credential, now()) ? rotateByMs(credential) : undefined;
      if (byMs !== undefined) response.set('Heliograph-Rotate-By', new Date(byMs).toISOString().slice(0, 10));
      next();
    });
}
