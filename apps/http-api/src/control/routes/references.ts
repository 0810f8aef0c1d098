import type { RegistryTransaction, RuleChange } from '@heliograph/registry';
import type { RouteRule } from '@heliograph/routing';
import type { ApiAnswer } from '../../http/endpoint.ts';
import { problem, type FieldError } from '../../http/problem.ts';

/** As many as a body's faults are said. */
const errorsMax = 100;

/** What rules refer to and is not there; undefined: it all is. `fieldOf`: where in the body a field of that rule stands. */
export async function unknownReferences(
  transaction: RegistryTransaction,
  changes: readonly RuleChange[],
  fieldOf: (id: string, field: string) => string,
): Promise<ApiAnswer | undefined> {
  const named = changes.flatMap(({ id, rule }) =>
    rule ? referencesOf(rule).map((one) => ({ ...one, field: fieldOf(id, one.field) })) : [],
  );
  const idsOf = (noun: Reference['noun']) => [...new Set(named.flatMap((one) => (one.noun === noun ? [one.id] : [])))];
  const there = {
    connector: await readIds(idsOf('connector'), (where) => transaction.connector.findMany({ where, select: { id: true } })),
    tenant: await readIds(idsOf('tenant'), (where) => transaction.tenant.findMany({ where, select: { id: true } })),
  };
  const errors: FieldError[] = named
    .filter(({ noun, id }) => !there[noun].has(id))
    .map(({ noun, id, field }) => ({ field, message: `there is no ${noun} with the id ${id}` }));
  const [first] = errors;
  if (!first) return undefined;
  return { ok: false, problem: problem('unknown_reference', first.message, errors.slice(0, errorsMax)) };
}

interface Reference extends Pick<FieldError, 'field'> {
  readonly noun: 'connector' | 'tenant';
  readonly id: string;
}

function referencesOf({ targets, when }: RouteRule): Reference[] {
  return [
    ...targets.map(({ connectorId }, i): Reference => ({ noun: 'connector', id: connectorId, field: `/targets/${i}/connectorId` })),
    ...(when.tenants ?? []).map((id, i): Reference => ({ noun: 'tenant', id, field: `/when/tenants/${i}` })),
  ];
}

/** PostgreSQL takes 32,767 parameters. */
const idsMax = 10_000;

async function readIds(
  ids: readonly string[],
  read: (where: { id: { in: string[] } }) => Promise<readonly { readonly id: string }[]>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let at = 0; at < ids.length; at += idsMax)
    for (const { id } of await read({ id: { in: ids.slice(at, at + idsMax) } })) found.add(id);
  return found;
}
