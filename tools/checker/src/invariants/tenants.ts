import type { Evidence } from '../evidence.ts';
import { createFinding, type InvariantResult } from '../finding.ts';
import type { Untold } from '../untold.ts';

/** A look at another tenant's message, which must be refused. */
export interface Probe {
  readonly by: string;
  readonly id: string;
  /** Whose it is. */
  readonly of: string;
  readonly seen: boolean;
}

export const probesMax = 20;

/** Each tenant looks for some messages of the next one; the last one for the first one's. */
export function probesOf({ messages, tenants }: Evidence): readonly Omit<Probe, 'seen'>[] {
  const names = [...tenants];
  if (names.length < 2) return [];
  const whoLooks = new Map(names.map((name, i) => [name, names[(i + 1) % names.length] as string]));
  const left = new Map(names.map((name) => [name, probesMax]));
  const probes: Omit<Probe, 'seen'>[] = [];
  for (const { id, listedBy: of } of messages.values()) {
    const by = of === undefined ? undefined : whoLooks.get(of);
    const more = left.get(of as string) ?? 0;
    if (of === undefined || by === undefined || more === 0) continue;
    left.set(of, more - 1);
    probes.push({ by, id, of });
  }
  return probes;
}

export function tenants({ messages, tenants: named }: Evidence, untold: readonly Untold[], probes: readonly Probe[]): InvariantResult {
  const finding = createFinding(6, "a tenant never sees another tenant's anything");
  const counts = { tenants: named.size, messages: 0, probes: probes.length, foreign: 0 };
  const foreign = (tenant: string, id: string, detail: string): void => {
    counts.foreign++;
    finding.violation({ kind: 'foreign', tenant, id, detail });
  };
  for (const { id, namedBy, alsoNamedBy = [], listedBy, alsoListedBy = [] } of messages.values()) {
    if (listedBy !== undefined) counts.messages++;
    const owner = listedBy ?? namedBy;
    if (namedBy !== undefined && namedBy !== owner) foreign(namedBy, id, `was told of a message of ${owner}`);
    for (const other of alsoNamedBy) if (other !== owner) foreign(other, id, `was told of a message of ${owner}`);
    for (const other of alsoListedBy) foreign(other, id, `has a message of ${owner} in its list`);
  }
  for (const { message, tenant, reason } of untold) {
    if (reason === 'foreign') foreign(tenant, message.id, 'has a message in its list that only another tenant asked for');
  }
  for (const { by, id, of, seen } of probes) if (seen) foreign(by, id, `can look at a message of ${of}`);
  return finding.result(counts);
}
