import { smppConnectorSettings, type Connector, type SmppConnectorSettings } from '@heliograph/registry';
import { tlsFault } from './link/dial.ts';

/** A connector as the registry wants it, ready to run. */
export interface WantedConnector {
  readonly id: string;
  readonly group: string;
  readonly settings: SmppConnectorSettings;
  readonly password: string;
  /** Private key of the certificate we show, PEM. */
  readonly tlsKey?: string;
}

/** undefined for what was sealed with another key. */
export type Open = (sealed: string, context: string) => string | undefined;

export interface Wanted {
  readonly connectors: readonly WantedConnector[];
  /** Enabled, but cannot be run: whoever changed it made a mistake. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** The connectors that this process should run. `only`: ids; empty = all. */
export function wantedConnectors(all: Iterable<Connector>, only: readonly string[], open: Open): Wanted {
  const connectors: WantedConnector[] = [];
  const refused: { id: string; reason: string }[] = [];
  for (const connector of all) {
    const { id, kind, enabled } = connector;
    if (kind !== 'smpp' || !enabled || (only.length > 0 && !only.includes(id))) continue;
    const read = readConnector(connector, open);
    if (read.ok) connectors.push(read.wanted);
    else refused.push({ id, reason: read.reason });
  }
  return { connectors, refused };
}

type Read = { readonly ok: true; readonly wanted: WantedConnector } | { readonly ok: false; readonly reason: string };

function readConnector({ id, groupId, settings, secret }: Connector, open: Open): Read {
  const parsed = smppConnectorSettings.safeParse(settings);
  if (!parsed.success)
    return { ok: false, reason: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') };
  const { systemId, systemType, tlsKeySealed } = parsed.data;
  const password = secret === '' ? '' : open(secret, `connector:${id}`);
  if (password === undefined) return { ok: false, reason: 'its secret cannot be opened with this MASTER_KEY' };
  if (!latin1.test(systemId + systemType)) return { ok: false, reason: 'systemId or systemType is not Latin-1' };
  if (password.length > 8 || !latin1.test(password))
    return { ok: false, reason: 'its password is longer than 8 octets or not Latin-1 (SMPP 3.4 §5.2.2)' };
  const tlsKey = tlsKeySealed === '' ? undefined : open(tlsKeySealed, `connector-tls-key:${id}`);
  if (tlsKeySealed !== '' && tlsKey === undefined) return { ok: false, reason: 'its tlsKeySealed cannot be opened with this MASTER_KEY' };
  const wanted = { id, group: groupId, settings: parsed.data, password, ...(tlsKey === undefined ? {} : { tlsKey }) };
  const fault = tlsFault(wanted);
  return fault === undefined ? { ok: true, wanted } : { ok: false, reason: `its certificates cannot be used: ${fault}` };
}

/** What a C-octet string can carry, §3.1. */
const latin1 = /^[\x01-\xff]*$/;

export interface Plan {
  /** Drain and end: disabled, removed, or about to start again as something else. */
  readonly stop: readonly string[];
  readonly start: readonly WantedConnector[];
}

/** A refused connector that runs goes on as it was: a mistake in its settings must not cut a link that works. */
export function planConnectors(running: ReadonlyMap<string, WantedConnector>, { connectors, refused }: Wanted): Plan {
  const wanted = new Map(connectors.map((one) => [one.id, one]));
  const kept = new Set(refused.map(({ id }) => id));
  const changed = (id: string): boolean => !kept.has(id) && !same(running.get(id), wanted.get(id));
  return {
    stop: [...running.keys()].filter(changed),
    start: connectors.filter(({ id }) => changed(id)),
  };
}

function same(one: WantedConnector | undefined, other: WantedConnector | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
