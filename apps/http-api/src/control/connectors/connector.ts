import type { Vault } from '@heliograph/credential';
import type { ConnectorMode } from '@heliograph/message';
import { reservedConnectorIds, smppConnectorSettings, type Connector, type SmppConnectorSettings } from '@heliograph/registry';
import type { z } from 'zod';
import type { FieldError } from '../../http/problem.ts';
import { jsonPointer, validate } from '../../http/validate.ts';
import { idField } from '../answers.ts';
import type { connector, ConnectorPut } from './schema.ts';

/** As the table has it. */
export type StoredConnector = Omit<Connector, 'mode'> & { readonly mode: string };

type Shown = z.infer<typeof connector>;

export type ChangedConnector =
  | { readonly ok: true; readonly connector: Connector & { readonly settings: SmppConnectorSettings } }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** The connector after a PUT: as it says, but for the secrets that it does not say. */
export function changeConnector(
  id: string,
  before: StoredConnector | undefined,
  { kind, enabled, groupId = id, senders, settings, password, tlsKey }: ConnectorPut,
  vault: Pick<Vault, 'seal'>,
): ChangedConnector {
  if (reservedConnectorIds.has(id))
    return { ok: false, errors: [{ field: idField, message: `${id} is reserved for the platform itself` }] };
  const keptKey = settings.tls && settings.tlsCertificatePem !== '' ? sealedKeyOf(before) : '';
  const tlsKeySealed = tlsKey === undefined ? keptKey : vault.seal(tlsKey, `connector-tls-key:${id}`);
  const checked = validate(smppConnectorSettings, { ...settings, tlsKeySealed }, fieldOf);
  if (!checked.ok) return { ok: false, errors: checked.errors.map(({ field, message }) => ({ field, message: inOurWords(message) })) };
  const secret = password === undefined ? (before?.secret ?? '') : password === '' ? '' : vault.seal(password, `connector:${id}`);
  return { ok: true, connector: { id, kind, groupId, enabled, mode: modeOf(before), senders, settings: checked.value, secret } };
}

/** Settings that were stored by hand and do not fit are shown as they are: somebody has to mend them. */
export function showConnector(given: StoredConnector): Shown {
  const { id, groupId, enabled, senders, secret } = given;
  const { tlsKeySealed: _, ...settings } = (smppConnectorSettings.safeParse(given.settings).data ??
    given.settings) as SmppConnectorSettings;
  const kind = given.kind as Shown['kind'];
  return {
    id,
    kind,
    senders: [...senders],
    enabled,
    mode: modeOf(given),
    groupId,
    settings,
    passwordSet: secret !== '',
    tlsKeySet: sealedKeyOf(given) !== '',
  };
}

export function modeOf(given: StoredConnector | undefined): ConnectorMode {
  return (given?.mode ?? 'running') as ConnectorMode;
}

function sealedKeyOf(given: StoredConnector | undefined): string {
  const { tlsKeySealed = '' } = (given?.settings ?? {}) as { tlsKeySealed?: unknown };
  return typeof tlsKeySealed === 'string' ? tlsKeySealed : '';
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path[0] === 'tlsKeySealed' ? '/tlsKey' : jsonPointer(['settings', ...path]);
}

/** It is sealed here, so that nobody outside has to. */
function inOurWords(message: string): string {
  return message.replaceAll('tlsKeySealed', 'tlsKey');
}
