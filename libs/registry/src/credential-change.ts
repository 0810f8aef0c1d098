import { isDeepStrictEqual } from 'node:util';
import { audited, type Actor, type RegistryTransaction } from './audit.ts';
import { putCredential } from './change.ts';
import type { Credential } from './credential.ts';
import type { RegistryDatabase } from './database.ts';

/** What becomes of a credential, as is decided when it is seen. `refuse`: it stays as it is. */
export type CredentialDecision<Refusal> =
  | { readonly kind: 'put'; readonly credential: Credential }
  | { readonly kind: 'remove' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

export type CredentialOutcome<Refusal> =
  | { readonly kind: 'put'; readonly credential: Credential }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Another credential of its kind has this login. */
  | { readonly kind: 'login_taken' }
  /** Its tenant is not there. */
  | { readonly kind: 'no_tenant' };

export interface CredentialChange<Refusal> {
  readonly id: string;
  readonly action: `credential.${string}`;
  /** Before: undefined when there is none with this id. Pure: it is called within the transaction. */
  readonly decide: (before: Credential | undefined) => CredentialDecision<Refusal>;
}

/** Makes, changes or removes one credential by what it was, and records it. Rejects, and nothing is changed, when the database fails. */
export async function changeCredential<Refusal>(
  database: RegistryDatabase,
  actor: Actor,
  { id, action, decide }: CredentialChange<Refusal>,
): Promise<CredentialOutcome<Refusal>> {
  try {
    return await audited<CredentialOutcome<Refusal>>(database, actor, async (transaction) => {
      const before = await findCredential(transaction, id);
      const decision = decide(before);
      if (decision.kind === 'refuse') return { result: { kind: 'refused', refusal: decision.refusal }, changes: [] };
      const after = decision.kind === 'put' ? decision.credential : undefined;
      const result = after ? { kind: 'put' as const, credential: after } : { kind: 'removed' as const };
      if (isDeepStrictEqual(before, after)) return { result, changes: [] };
      if (after) await putCredential(transaction, after);
      else await transaction.credential.delete({ where: { id } });
      return { result, changes: [{ tenantId: (after ?? before)?.tenantId ?? '', action, subject: id, before, after }] };
    });
  } catch (error) {
    const kind = conflicts[String((error as { code?: unknown }).code)];
    if (kind === undefined) throw error;
    return { kind };
  }
}

/** Prisma's words for a unique and for a foreign key that is violated. */
const conflicts: Readonly<Record<string, 'login_taken' | 'no_tenant'>> = { P2002: 'login_taken', P2003: 'no_tenant' };

/** The same secret in another form of verifier: `from` must still be what is stored. Sessions go on. False when it is not. */
export async function upgradeVerifier(
  database: RegistryDatabase,
  actor: Actor,
  { credential: id, from, to }: { readonly credential: string; readonly from: string; readonly to: string },
): Promise<boolean> {
  return audited(database, actor, async (transaction) => {
    const before = await findCredential(transaction, id);
    if (before?.verifier !== from) return { result: false, changes: [] };
    await transaction.credential.update({ where: { id }, data: { verifier: to } });
    const forms = { before: { form: formOf(from) }, after: { form: formOf(to) } };
    return { result: true, changes: [{ tenantId: before.tenantId, action: 'credential.upgraded', subject: id, ...forms }] };
  });
}

function formOf(verifier: string): string {
  return verifier.split('$').find((part) => part !== '') ?? '';
}

async function findCredential(transaction: RegistryTransaction, id: string): Promise<Credential | undefined> {
  const row = await transaction.credential.findUnique({ where: { id }, omit: { createdAt: true } });
  return row ? ({ ...row, tenantId: row.tenantId ?? '' } as Credential) : undefined;
}

/** A credential and when it was used last. */
export interface ListedCredential {
  readonly credential: Credential;
  readonly use: { readonly usedAt: Date; readonly address: string } | null;
}

export interface CredentialListQuestion {
  /** Absent: of every tenant, and the operators'. */
  readonly tenantId?: string | undefined;
  readonly id?: string | undefined;
  /** Only those that come after this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** By id. */
export async function listCredentials(
  database: RegistryDatabase,
  { tenantId, id, after, limit }: CredentialListQuestion,
): Promise<ListedCredential[]> {
  const rows = await database.credential.findMany({
    where: {
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(id === undefined ? {} : { id }),
      ...(after === undefined ? {} : { id: { gt: after } }),
    },
    orderBy: { id: 'asc' },
    take: limit,
    include: { use: true },
    omit: { createdAt: true },
  });
  return rows.map(({ use, ...row }) => ({ credential: { ...row, tenantId: row.tenantId ?? '' } as Credential, use }));
}
