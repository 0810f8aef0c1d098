import type { ConnectorMode, FinalState } from '@heliograph/message';
import { compileRoutes, type Rule, type RouteTable } from '@heliograph/routing';
import type { Credential, CredentialKind } from './credential.ts';
import { createInboundTable, type InboundTable } from './inbound-table.ts';
import { createLayeredMap, type LayeredMap } from './layered-map.ts';
import { createPrefixTable, type PrefixTable } from './prefix-table.ts';
import { noPrices, type Network, type PriceTable } from './price-table.ts';

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
  /** Whether a message is refused for which the connector's provider would take more than the tenant pays. */
  readonly refuseAtLoss: boolean;
  /** Senders that its messages may have, as `compileSenders` of libs/routing takes them. Absent, empty: any. */
  readonly senders?: readonly string[];
  /** As it is stored: `guardsOf` reads it. Absent: none. */
  readonly guards?: unknown;
  /** As it is stored: `inboundSettingsOf` reads it. Absent: the usual. */
  readonly inbound?: unknown;
}

/** What a new tenant has unless something else is said, as the columns' defaults. */
export const tenantDefaults = {
  enabled: true,
  defaultCountry: '',
  segmentsPerSecond: 0,
  parameterSecrets: false,
  refuseAtLoss: false,
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
  /** Senders that its provider takes, as `compileSenders` of libs/routing takes them. Empty: all. */
  readonly senders: readonly string[];
  /** What an operator wants of it just now, apart from its settings. */
  readonly mode: ConnectorMode;
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
  /** As published. */
  readonly routes: RouteTable;
  /** The network that numbers like this one are of; undefined: nobody has said. */
  network(digits: string): Network | undefined;
  /** Micro-credits per segment at this time (unix ms), or undefined when the plan has no price for the number: then it is refused. */
  price(pricePlanId: string, digits: string, nowMs: number): bigint | undefined;
  /** What the connector's provider takes, micro-credits per segment at this time (unix ms), or undefined: nobody has said. */
  buyPrice(connectorId: string, digits: string, nowMs: number): bigint | undefined;
  /** The final states that give the charge back. */
  refunds(pricePlanId: string): ReadonlySet<FinalState>;
  readonly webhooks: ReadonlyMap<string, Webhook>;
  /** Whose the messages of handsets are. */
  readonly inbound: InboundTable;
  /** Ids of the credentials, usable or not, whose address range is this address, as `inboundAddress` makes it. In order. */
  credentialsOfRange(address: string): readonly string[];
}

/** A price plan, but for its id. */
export interface Plan {
  readonly refunds: ReadonlySet<FinalState>;
  readonly prices: PriceTable;
}

/** What a snapshot is made of: the next one shares with it what has not changed. */
export interface Parts {
  readonly revision: bigint;
  readonly tenants: LayeredMap<Tenant>;
  readonly credentials: LayeredMap<Credential>;
  /** By kind and login. */
  readonly logins: LayeredMap<Credential>;
  readonly previousLogins: LayeredMap<Credential>;
  readonly connectors: LayeredMap<Connector>;
  readonly webhooks: LayeredMap<Webhook>;
  readonly rules: LayeredMap<Rule>;
  /** Of the rules. */
  readonly routes: RouteTable;
  readonly plans: LayeredMap<Plan>;
  readonly buyPrices: LayeredMap<PriceTable>;
  readonly networks: PrefixTable<Network>;
  readonly inbound: InboundTable;
  /** Ids of credentials by their address range. */
  readonly ranges: LayeredMap<readonly string[]>;
}

/** Before anything is read. */
export const noParts: Parts = {
  revision: -1n,
  tenants: createLayeredMap(),
  credentials: createLayeredMap(),
  logins: createLayeredMap(),
  previousLogins: createLayeredMap(),
  connectors: createLayeredMap(),
  webhooks: createLayeredMap(),
  rules: createLayeredMap(),
  routes: compileRoutes([], 0),
  plans: createLayeredMap(),
  buyPrices: createLayeredMap(),
  networks: createPrefixTable([]),
  inbound: createInboundTable([]),
  ranges: createLayeredMap(),
};

const none: ReadonlySet<FinalState> = new Set();

export function snapshotOf(parts: Parts): Snapshot {
  const {
    revision,
    tenants,
    credentials,
    connectors,
    routes,
    webhooks,
    logins,
    previousLogins,
    plans,
    buyPrices,
    networks,
    inbound,
    ranges,
  } = parts;
  const priceIn = (table: PriceTable = noPrices, digits: string, nowMs: number): bigint | undefined =>
    table.price(digits, table.byNetwork ? networks.longest(digits) : undefined, nowMs);
  return {
    revision,
    tenants,
    credentials,
    connectors,
    routes,
    network: (digits) => networks.longest(digits),
    webhooks,
    credentialByLogin(kind, login) {
      const key = loginKey(kind, login);
      return logins.get(key) ?? previousLogins.get(key);
    },
    price: (pricePlanId, digits, nowMs) => priceIn(plans.get(pricePlanId)?.prices, digits, nowMs),
    buyPrice: (connectorId, digits, nowMs) => priceIn(buyPrices.get(connectorId), digits, nowMs),
    refunds: (pricePlanId) => plans.get(pricePlanId)?.refunds ?? none,
    inbound,
    credentialsOfRange: (address) => ranges.get(address) ?? [],
  };
}

export function loginKey(kind: CredentialKind, login: string): string {
  return `${kind}:${login}`;
}
