import type { FinalState } from '@heliograph/message';
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
}

export interface Credential {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: 'smpp' | 'api_key';
  readonly login: string;
  readonly verifier: string;
  readonly enabled: boolean;
  readonly window: number;
  /** Bound at once, over all ingress processes. */
  readonly sessions: number;
  /** Where its binds may come from, CIDR of either family. Empty: anywhere. */
  readonly allowIps: readonly string[];
  /** Of one session. 0: no limit. */
  readonly segmentsPerSecond: number;
  /** What a session may send at once after a pause. 0: one second's worth. */
  readonly burstSegments: number;
  /** What data_coding 0 means in its messages (SMPP 3.4 §5.2.19). */
  readonly defaultAlphabet: 'gsm' | 'latin1';
}

/** What a new tenant and a new credential have unless something else is said, as the columns' defaults. */
export const tenantDefaults = { enabled: true, defaultCountry: '', segmentsPerSecond: 0 } as const;
export const credentialDefaults = {
  enabled: true,
  window: 100,
  sessions: 10,
  allowIps: [],
  segmentsPerSecond: 0,
  burstSegments: 0,
  defaultAlphabet: 'gsm',
} as const;

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
  /** Sealed with the master key, context `webhook:<tenant>`. */
  readonly secrets: readonly string[];
  readonly enabled: boolean;
}

/** The whole control plane at one moment. Immutable: a change makes another. */
export interface Snapshot {
  readonly revision: bigint;
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** By id. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** `login`: the system id, or the API key's lookup id. */
  credentialByLogin(kind: Credential['kind'], login: string): Credential | undefined;
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
  const byLogin = new Map(credentials.map((one) => [`${one.kind}:${one.login}`, one as Credential]));
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
    credentials: new Map(credentials.map((one) => [one.id, one as Credential])),
    credentialByLogin: (kind, login) => byLogin.get(`${kind}:${login}`),
    connectors: new Map(connectors.map((connector) => [connector.id, connector])),
    routes: createPrefixTable(routes.map((route) => [route.prefix, route])),
    price: (pricePlanId, digits) => pricesByPlan.get(pricePlanId)?.longest(digits),
    refunds: (pricePlanId) => refundsByPlan.get(pricePlanId) ?? none,
    webhooks: new Map(webhooks.map((webhook) => [webhook.tenantId, webhook])),
  };
}
