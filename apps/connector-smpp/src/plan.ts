import { smppConnectorSettings, type Connector, type SmppConnectorSettings } from '@heliograph/registry';

/** A connector as the registry wants it, ready to run. */
export interface WantedConnector {
  readonly id: string;
  readonly group: string;
  readonly settings: SmppConnectorSettings;
  readonly password: string;
}

export interface Wanted {
  readonly connectors: readonly WantedConnector[];
  /** Enabled, but cannot be run: whoever changed it made a mistake. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** The connectors that this process should run. `only`: ids; empty = all. `open` gives undefined for a secret sealed with another key. */
export function wantedConnectors(
  all: Iterable<Connector>,
  only: readonly string[],
  open: (sealed: string, context: string) => string | undefined,
): Wanted {
  const connectors: WantedConnector[] = [];
  const refused: { id: string; reason: string }[] = [];
  for (const { id, kind, enabled, groupId, settings, secret } of all) {
    if (kind !== 'smpp' || !enabled || (only.length > 0 && !only.includes(id))) continue;
    const parsed = smppConnectorSettings.safeParse(settings);
    const password = secret === '' ? '' : open(secret, `connector:${id}`);
    if (!parsed.success)
      refused.push({ id, reason: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') });
    else if (password === undefined) refused.push({ id, reason: 'its secret cannot be opened with this MASTER_KEY' });
    else if (!latin1.test(parsed.data.systemId + parsed.data.systemType))
      refused.push({ id, reason: 'systemId or systemType is not Latin-1' });
    else if (password.length > 8 || !latin1.test(password))
      refused.push({ id, reason: 'its password is longer than 8 octets or not Latin-1 (SMPP 3.4 §5.2.2)' });
    else connectors.push({ id, group: groupId, settings: parsed.data, password });
  }
  return { connectors, refused };
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
