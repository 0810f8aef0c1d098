import type { RequestHandler } from 'express';
import { isAllowedFrom, matchesApiKey } from '@heliograph/credential';
import { isUsable, type Credential, type Snapshot } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import { z } from 'zod';
import { callerOfCredential } from '../caller/caller.ts';
import { permit } from '../http/perform.ts';
import { problem, ProblemError, problems } from '../http/problem.ts';
import { doorEndpoint, titleOf, type Door, type DoorRequest } from './door.ts';
import { readBody, readQuery, type Fields } from './fields.ts';
import type { Send } from './send.ts';

export interface AuroraOptions {
  readonly registry: { readonly current: Snapshot };
  /** What follows on everybody who is let in. */
  readonly noted: (authenticate: RequestHandler) => RequestHandler;
  readonly send: Send;
  readonly log: Pick<Log, 'info'>;
}

/** Aurora SendCloud-style sending: `GET` or `POST /smsapi/send` with the secret among the parameters. */
export function auroraDoor({ registry, noted, send, log }: AuroraOptions): Door {
  const common = { path: '/smsapi/send', fields: z.object({ to: z.string().max(40), message: z.string() }) };
  const proof = [noted(proveByKey(registry, log)), permit({ scope: 'messages:send', ofTenant: true })];
  const perform = ({ caller, given: { to, message } }: DoorRequest<{ to: string; message: string }>) =>
    send({ caller, to, text: message }, ({ id, to: number, segments }) => ({ id, to: number, status: 'accepted', segments }));
  return {
    refuse: (reason) => ({ status: problems[reason].status, body: { error: reason, message: titleOf(reason) } }),
    endpoints: [
      doorEndpoint({ ...common, name: 'auroraSendByQuery', method: 'get', steps: [readQuery, ...proof], perform }),
      doorEndpoint({ ...common, name: 'auroraSend', method: 'post', steps: [...readBody, ...proof], perform }),
    ],
  };
}

/** Nobody's key has this digest; comparing with it makes an unknown SMS_USER take as long as a known one. */
const nobodysDigest = '0'.repeat(64);

export interface ProofFacts {
  readonly snapshot: Pick<Snapshot, 'credentialByLogin' | 'tenants'>;
  /** Where the request comes from. */
  readonly address: string;
  readonly nowMs: number;
}

export type Proof =
  | { readonly ok: true; readonly credential: Credential }
  | {
      readonly ok: false;
      readonly why: 'unknown' | 'wrong key' | 'not usable' | 'not allowed from there' | 'parameter secrets are off';
      readonly credential?: string;
    };

/** Whose SMS_USER and SMS_KEY these are. A reset has no grace here, whatever was asked for it: only the newest key counts. Pure. */
export function proofOf({ smsUser, smsKey }: Fields, { snapshot, address, nowMs }: ProofFacts): Proof {
  const credential = typeof smsUser === 'string' ? snapshot.credentialByLogin('sms_user', smsUser) : undefined;
  const matches = matchesApiKey(typeof smsKey === 'string' ? smsKey : '', credential?.verifier ?? nobodysDigest);
  if (!credential) return { ok: false, why: 'unknown' };
  const { id, tenantId, allowIps } = credential;
  if (!matches) return { ok: false, why: 'wrong key', credential: id };
  if (!isUsable(credential, snapshot, nowMs)) return { ok: false, why: 'not usable', credential: id };
  if (!isAllowedFrom(allowIps, address)) return { ok: false, why: 'not allowed from there', credential: id };
  const allowed = snapshot.tenants.get(tenantId)?.parameterSecrets ?? false;
  return allowed ? { ok: true, credential } : { ok: false, why: 'parameter secrets are off', credential: id };
}

/** The same refusal for all that may be wrong; only the log says what. */
function proveByKey(registry: AuroraOptions['registry'], log: AuroraOptions['log']): RequestHandler {
  return ({ socket }, response, next) => {
    const facts = { snapshot: registry.current, address: socket.remoteAddress ?? '', nowMs: Date.now() };
    const proof = proofOf(response.locals.fields as Fields, facts);
    if (proof.ok) {
      response.locals.caller = callerOfCredential(proof.credential);
      return next();
    }
    const { why, credential } = proof;
    // whoever has the key may ask why it does not work; strangers write no lines
    if (why !== 'unknown' && why !== 'wrong key') log.info({ credential, why }, 'SMS_USER refused');
    next(new ProblemError(problem('not_authenticated', why)));
  };
}
