import type { FinalState } from '@heliograph/message';
import type { Credential, CredentialKind } from './credential.ts';
import type { RegistryDatabase } from './database.ts';
import { createPrefixTable, type PrefixTable } from './prefix-table.ts';

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly pricePlanId: string;
  /** ISO 3166 alpha-2, or empty. */
  readonly defaultCountry: string;
  /** Of all its credentials together, in one process of a door. 0: no limit. */
  readonly segmentsPerSecond: number;
  /** Whether its secrets may be given as parameters of a URL, where others may log them. */
  readonly parameterSecrets: boolean;
}

/** What a new tenant has unless something else is said, as the columns' defaults. */
export const tenantDefaults = { enabled: true, defaultCountry: '', segmentsPerSecond: 0, parameterSecrets: false } as const;

export interface Connector {
  readonly id: string;
  readonly kind: string;
  /** Receipts of connectors in one group are matched together. */
  readonly groupId: string;
  readonly enabled: boolean;
  readonly settings: unknown;
  /** Sealed with the master key, context `connector:<id>`. */
  readonly secret: string;
}

export interface Route {
  readonly id: string;
  readonly prefix: string;
  readonly connectorId: string;
}

export interface Webhook {
  readonly tenantId: string;
  readonly url: string;
  /** Sealed with the master key, context `webhook:<tenant>`; the newest first. */
  readonly secrets: readonly string[];
  /** Until when each secret after the first signs too, in order: `signingSecrets` says which do. */
  readonly oldUntil: readonly Date[];
  readonly enabled: boolean;
}

/** The secrets that sign now, the newest first, still sealed; the old ones with the time their grace ends. */
export function signingSecrets(
  { secrets, oldUntil }: Webhook,
  nowMs: number,
): { readonly sealed: string; readonly until: Date | undefined }[] {
  return secrets
    .map((sealed, i) => ({ sealed, until: i === 0 ? undefined : (oldUntil[i - 1] ?? new Date(0)) }))
    .filter(({ until }) => until === undefined || until.getTime() > nowMs);
}

/** The whole control plane at one moment. Immutable: a change makes another. */
export interface Snapshot {
  readonly revision: bigint;
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** By id. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** Also by the login of an API key before its reset, while its grace lasts or after: `verifiersOf` says whether it is still good. */
  credentialByLogin(kind: CredentialKind, login: string): Credential | undefined;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly routes: PrefixTable<Route>;
  /** Micro-credits per segment, or undefined when the plan has no price for the number: then it is refused. */
  price(pricePlanId: string, digits: string): bigint | undefined;
  /** The final states that give the charge back. */
  refunds(pricePlanId: string): ReadonlySet<FinalState>;
  readonly webhooks: ReadonlyMap<string, Webhook>;
}

const none: ReadonlySet<FinalState> = new Set();

/** Everything in one transaction, so that a snapshot is never half of a change. */
export async function loadSnapshot(database: RegistryDatabase): Promise<Snapshot> {
  const [revision, tenants, credentials, connectors, routes, plans, prices, webhooks] = await database.$transaction(
    [
      database.revision.findUniqueOrThrow({ where: { id: 1 } }),
      database.tenant.findMany(),
      database.credential.findMany(),
      database.connector.findMany(),
      database.route.findMany(),
      database.pricePlan.findMany(),
      database.price.findMany(),
      database.webhook.findMany(),
    ],
    { isolationLevel: 'RepeatableRead' },
  );
  const ofCredentials = credentials.map((one) => ({ ...one, tenantId: one.tenantId ?? '' }) as Credential);
  const byLogin = new Map(
    ofCredentials.flatMap((one) =>
      [...(one.previousLogin === '' ? [] : [one.previousLogin]), one.login].map((login) => [`${one.kind}:${login}`, one]),
    ),
  );
  const pricesByPlan = new Map(
    plans.map((plan) => [
      plan.id,
      createPrefixTable(prices.filter((price) => price.planId === plan.id).map((price) => [price.prefix, price.microCreditsPerSegment])),
    ]),
  );
  const refundsByPlan = new Map(plans.map((plan) => [plan.id, new Set(plan.refunds as FinalState[])]));
  return {
    revision: revision.number,
    tenants: new Map(tenants.map((tenant) => [tenant.id, tenant])),
    credentials: new Map(ofCredentials.map((one) => [one.id, one])),
    credentialByLogin: (kind, login) => byLogin.get(`${kind}:${login}`),
    connectors: new Map(connectors.map((connector) => [connector.id, connector])),
    routes: createPrefixTable(routes.map((route) => [route.prefix, route])),
    price: (pricePlanId, digits) => pricesByPlan.get(pricePlanId)?.longest(digits),
    refunds: (pricePlanId) => refundsByPlan.get(pricePlanId) ?? none,
    webhooks: new Map(webhooks.map((webhook) => [webhook.tenantId, webhook])),
  };
}
