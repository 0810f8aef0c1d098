import type { Prisma } from '../generated/client.ts';
import type { RegistryDatabase } from './database.ts';

/** Who changes something, and how to find the request again. */
export interface Actor {
  /** Id of the credential, or the name of the program. */
  readonly credential: string;
  readonly address: string;
  readonly requestId: string;
}

/** One change of one thing, as it is put on record. */
export interface AuditedChange {
  /** Whose it is; empty: the platform's own. */
  readonly tenantId: string;
  /** What was done to what, such as `tenant.changed`. */
  readonly action: `${string}.${string}`;
  /** Id of what was changed. */
  readonly subject: string;
  /** Absent: it was not there before, or is not any more. Secrets and verifiers in it are left out of the record. */
  readonly before?: object | undefined;
  readonly after?: object | undefined;
}

export type RegistryTransaction = Prisma.TransactionClient;

/** What a change came to, and what of it goes on record: nothing when it changed nothing. */
export interface Audited<Result> {
  readonly result: Result;
  readonly changes: readonly AuditedChange[];
}

/** Changes come one after the other: the last of a burst waits for the others. */
const transactionLimits = { maxWait: 5_000, timeout: 10_000 };

/**
 * Makes a change and its record in one transaction: there is never one without the other. Changes made by this come one after the other,
 * whatever they are about, so that `before` is what `change` has read, references that it has looked up stay, and ids in the log are in the
 * order of the commits. Rejects, and nothing is changed, when `change` does or the database fails.
 */
export async function audited<Result>(
  database: RegistryDatabase,
  actor: Actor,
  change: (transaction: RegistryTransaction) => Promise<Audited<Result>>,
): Promise<Result> {
  return database.$transaction(async (transaction) => {
    // a row to lock may not be there yet, and the ids of the log are to be in the order of the commits
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('heliograph registry change'))`;
    const { result, changes } = await change(transaction);
    if (changes.length > 0) await transaction.audit.createMany({ data: changes.map((one) => rowOf(one, actor)) });
    return result;
  }, transactionLimits);
}

/** An entry of the log. */
export interface AuditEntry {
  readonly id: bigint;
  readonly at: Date;
  readonly actor: string;
  readonly address: string;
  readonly requestId: string;
  readonly tenantId: string;
  readonly action: string;
  readonly subject: string;
  /** JSON; null: it was not there. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface AuditQuestion {
  /** Absent: everything. */
  readonly tenantId?: string | undefined;
  /** Only entries older than the one with this id. */
  readonly before?: bigint | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function readAudit(database: RegistryDatabase, { tenantId, before, limit }: AuditQuestion): Promise<AuditEntry[]> {
  return database.audit.findMany({
    where: { ...(tenantId === undefined ? {} : { tenantId }), ...(before === undefined ? {} : { id: { lt: before } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

function rowOf({ before, after, ...change }: AuditedChange, { credential, address, requestId }: Actor): Prisma.AuditCreateManyInput {
  return { ...change, actor: credential, address, requestId, ...stateOf('before', before), ...stateOf('after', after) };
}

function stateOf(name: 'before' | 'after', state: object | undefined): Partial<Record<typeof name, Prisma.InputJsonValue>> {
  return state === undefined ? {} : { [name]: recordable(state) as Prisma.InputJsonValue };
}

/** What proves or opens something, also in its hashed or sealed form: the log is read by more people than the tables are. */
const leftOut: ReadonlySet<string> = new Set([
  'secret',
  'secrets',
  'password',
  'verifier',
  'previousVerifier',
  'previousLogin',
  'tlsKey',
  'tlsKeySealed',
]);

/** As PostgreSQL's JSON takes it: micro-credits and times as texts, U+FFFD for what it cannot store; what is left out is in it nowhere. */
export function recordable(state: object): unknown {
  return JSON.parse(
    JSON.stringify(state, (name, value: unknown) => {
      if (leftOut.has(name)) return undefined;
      if (typeof value === 'bigint') return String(value);
      return typeof value === 'string' ? value.replaceAll('\0', '\ufffd').toWellFormed() : value;
    }),
  );
}
