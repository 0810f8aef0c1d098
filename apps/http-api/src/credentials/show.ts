import type { Credential, ListedCredential } from '@heliograph/registry';
import type { z } from 'zod';
import { isRotationDue, rotateByMs } from './rotation.ts';
import type { credential as credentialSchema } from './schema.ts';

/** Everything but what proves it. */
export function showCredential({ credential, use }: ListedCredential, nowMs: number): z.infer<typeof credentialSchema> {
  const { id, tenantId, kind, login, name, role, scopes, mode, enabled, allowIps, addressRange, defaultAlphabet } = credential;
  const { window, sessions, segmentsPerSecond, burstSegments } = credential;
  const rotateBy = rotateByMs(credential);
  return {
    id,
    tenant: tenantId === '' ? null : tenantId,
    kind,
    login,
    name,
    role,
    scopes: [...scopes],
    mode,
    enabled,
    allowIps: [...allowIps],
    expiresAt: timeOf(credential.expiresAt),
    window,
    sessions,
    segmentsPerSecond,
    burstSegments,
    defaultAlphabet,
    addressRange,
    secretSetAt: credential.secretSetAt.toISOString(),
    previousUntil: timeOf(previousUntil(credential, nowMs)),
    rotateBy: rotateBy === undefined ? null : new Date(rotateBy).toISOString(),
    rotationDue: isRotationDue(credential, nowMs),
    lastUsedAt: timeOf(use?.usedAt ?? null),
    lastUsedFrom: use?.address ?? null,
  };
}

function previousUntil({ previousUntil: until }: Credential, nowMs: number): Date | null {
  return until !== null && until.getTime() > nowMs ? until : null;
}

function timeOf(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
