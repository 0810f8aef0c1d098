import { withoutDashes, type InboundReceived } from '@heliograph/message';
import { assemble, closeGapped, keyOf, type AssembledPart, type Assembled, type Assembly, type PartEvent } from './assemble.ts';
import type { Database, Transaction } from './database.ts';

/** The table of the messages whose parts come by themselves. */
export interface AssemblyBook {
  /** What each part came to, in their order; stored when it resolves. Other processes may be at parts of the same messages. */
  put(events: readonly PartEvent[], now: number): Promise<Assembled[]>;
  /**
   * Hands on those that have been open for longer than that, a batch of them; resolves with how many there were. `give`: publishes, before what it
   * gave is stored as done: after a crash in between it is given again.
   */
  closeGapped(openedBeforeMs: number, now: number, give: (message: NonNullable<Assembled['message']>) => Promise<void>): Promise<number>;
  /** Forgets a batch of those that were done before then; resolves with how many there were. */
  forget(doneBeforeMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Rows of one statement of the sweep. */
const rowsMax = 200;
/** A publish is given up after 30 s at the latest. */
const transactionLimits = { timeout: 60_000, maxWait: 60_000 };

export function createAssemblyBook(database: Database): AssemblyBook {
  return {
    put: (events, now) =>
      database.$transaction(async (transaction) => {
        const keys = [...new Set(events.map(keyOf))].sort();
        // an assembly to lock may not be there yet; in order, so that nobody waits in a circle
        await transaction.$executeRaw`
          SELECT pg_advisory_xact_lock(hashtextextended('heliograph inbound ' || key, 0)) FROM (SELECT unnest(${keys}::text[]) AS key) AS keys`;
        const byKey = Map.groupBy(await readByKey(transaction, keys), ({ key }) => key);
        const changed = new Map<string, Assembly>();
        const made = events.map((event) => {
          const key = keyOf(event);
          const known = byKey.get(key) ?? [];
          const one = assemble(known, event, now);
          if (one.assembly === undefined) return one;
          changed.set(one.assembly.id, one.assembly);
          byKey.set(key, [...known.filter(({ id }) => id !== one.assembly?.id), one.assembly]);
          return one;
        });
        if (changed.size > 0) await write(transaction, [...changed.values()], new Set(events.map(({ id }) => id)));
        return made;
      }, transactionLimits),

    closeGapped: (openedBeforeMs, now, give) =>
      database.$transaction(async (transaction) => {
        const rows = await transaction.$queryRaw<AssemblyRow[]>`
          SELECT id, key, state, opened_at, done_at, done_by FROM inbound.assembly
          WHERE state = 'open' AND opened_at <= ${new Date(openedBeforeMs)} ORDER BY opened_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED`;
        const closed = (await withParts(transaction, rows)).map((assembly) => closeGapped(assembly, now));
        await Promise.all(closed.map(({ message }) => give(message)));
        if (closed.length > 0)
          await write(
            transaction,
            closed.map(({ assembly }) => assembly),
            none,
          );
        return closed.length;
      }, transactionLimits),

    forget: (doneBeforeMs) => database.$executeRaw`
      DELETE FROM inbound.assembly WHERE id IN (
        SELECT id FROM inbound.assembly WHERE done_at <= ${new Date(doneBeforeMs)} ORDER BY done_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)`,

    close: () => database.$disconnect(),
  };
}

interface AssemblyRow {
  readonly id: string;
  readonly key: string;
  readonly state: Assembly['state'];
  readonly opened_at: Date;
  readonly done_at: Date | null;
  readonly done_by: string | null;
}

interface PartRow {
  readonly assembly_id: string;
  readonly sequence: number;
  readonly event: string;
  readonly late: boolean;
}

/** The oldest first. Waits for a sweep that has them in work. */
async function readByKey(transaction: Transaction, keys: readonly string[]): Promise<Assembly[]> {
  const rows = await transaction.$queryRaw<AssemblyRow[]>`
    SELECT id, key, state, opened_at, done_at, done_by FROM inbound.assembly
    WHERE key = ANY (${keys}::text[]) ORDER BY opened_at, id FOR UPDATE`;
  return withParts(transaction, rows);
}

async function withParts(transaction: Transaction, rows: readonly AssemblyRow[]): Promise<Assembly[]> {
  if (rows.length === 0) return [];
  const parts = await transaction.$queryRaw<PartRow[]>`
    SELECT assembly_id, sequence, event, late FROM inbound.part WHERE assembly_id = ANY (${rows.map(({ id }) => id)}::uuid[]) ORDER BY sequence`;
  const byAssembly = Map.groupBy(parts, ({ assembly_id }) => assembly_id);
  return rows.map((row) => assemblyOf(row, byAssembly.get(row.id) ?? []));
}

function assemblyOf({ id, key, state, opened_at, done_at, done_by }: AssemblyRow, parts: readonly PartRow[]): Assembly {
  return {
    id: withoutDashes(id),
    key,
    state,
    openedAtMs: opened_at.getTime(),
    ...(done_at === null ? {} : { doneAtMs: done_at.getTime() }),
    ...(done_by === null ? {} : { doneBy: withoutDashes(done_by) }),
    parts: parts.map(({ sequence, event, late }): AssembledPart => ({
      sequence,
      event: JSON.parse(event) as InboundReceived,
      ...(late ? { late: true } : {}),
    })),
  };
}

const none: ReadonlySet<string> = new Set();

/** `came`: ids of the parts that may be new; one that is there never changes. */
async function write(transaction: Transaction, assemblies: readonly Assembly[], came: ReadonlySet<string>): Promise<void> {
  const rows = assemblies.map(({ id, key, state, openedAtMs, doneAtMs, doneBy }) => ({
    id,
    key,
    state,
    opened_at: new Date(openedAtMs),
    done_at: doneAtMs === undefined ? null : new Date(doneAtMs),
    done_by: doneBy ?? null,
  }));
  const parts = assemblies.flatMap(({ id, parts: of }) =>
    of
      .filter(({ event }) => came.has(event.id))
      .map(({ sequence, event, late = false }) => ({ assembly_id: id, sequence, id: event.id, event: JSON.stringify(event), late })),
  );
  await transaction.$executeRaw`
    INSERT INTO inbound.assembly (id, key, state, opened_at, done_at, done_by)
    SELECT id, key, state, opened_at, done_at, done_by FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS row (id uuid, key text, state text, opened_at timestamptz, done_at timestamptz, done_by uuid)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, done_at = excluded.done_at, done_by = excluded.done_by`;
  if (parts.length === 0) return;
  await transaction.$executeRaw`
    INSERT INTO inbound.part (assembly_id, sequence, id, event, late)
    SELECT assembly_id, sequence, id, event, late FROM jsonb_to_recordset(${JSON.stringify(parts)}::jsonb)
      AS row (assembly_id uuid, sequence smallint, id uuid, event text, late boolean)
    ON CONFLICT (assembly_id, sequence) DO NOTHING`;
}
