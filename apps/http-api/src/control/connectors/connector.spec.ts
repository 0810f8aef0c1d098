import { describe, expect, it } from '@jest/globals';
import { createVault } from '@heliograph/credential';
import type { Connector } from '@heliograph/registry';
import { changeConnector, showConnector, type ChangedConnector } from './connector.ts';
import { connectorPut } from './schema.ts';

const vault = createVault(Buffer.alloc(32, 1));
const settings = { host: 'smsc.example.com', port: 2775 };
const certificate = { ...settings, tls: true, tlsCertificatePem: 'PEM' };
const tlsKey = '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n';
const change = (given: object, before?: Connector, id = 'north') => changeConnector(id, before, connectorPut.parse(given), vault);

function made(changed: ChangedConnector): Connector {
  if (!changed.ok) throw new Error(JSON.stringify(changed.errors));
  return changed.connector;
}

describe('a connector that is put', () => {
  it('is of its own group unless it says another', () => {
    expect(made(change({ settings })).groupId).toBe('north');
    expect(made(change({ settings, groupId: 'both' })).groupId).toBe('both');
  });

  it.each<[string, object, string | undefined]>([
    ['says nothing of its password: it stays', { settings }, 'secret'],
    ['gives another', { settings, password: 'other' }, 'other'],
    ['says that it has none', { settings, password: '' }, undefined],
  ])('%s', (_, given, expected) => {
    const before = made(change({ settings, password: 'secret' }));
    const { secret } = made(change(given, before));
    expect(vault.open(secret, 'connector:north')).toBe(expected);
    expect(vault.open(secret, 'connector:south')).toBeUndefined();
  });

  it('keeps its private key while it has a certificate', () => {
    const before = made(change({ settings: certificate, tlsKey }));
    const sealed = (one: Connector) => (one.settings as { tlsKeySealed: string }).tlsKeySealed;
    expect(vault.open(sealed(before), 'connector-tls-key:north')).toBe(tlsKey);
    expect(sealed(made(change({ settings: certificate }, before)))).toBe(sealed(before));
    expect(sealed(made(change({ settings }, before)))).toBe('');
  });

  it.each<[string, object, string]>([
    ['a certificate without a key', { settings: certificate }, '/settings/tlsCertificatePem'],
    ['a key without TLS', { settings, tlsKey }, '/tlsKey'],
  ])('with %s is refused, in the words of the API', (_, given, field) => {
    const changed = change(given);
    expect(changed).toMatchObject({ ok: false, errors: expect.arrayContaining([expect.objectContaining({ field })]) });
    expect(JSON.stringify(changed)).not.toContain('Sealed');
  });

  it('may not have the id of the test connector, also where one is there from before', () => {
    const refused = { ok: false, errors: [{ field: '{id}' }] };
    expect(change({ settings }, undefined, 'test')).toMatchObject(refused);
    expect(change({ settings }, { ...made(change({ settings })), id: 'test' }, 'test')).toMatchObject(refused);
    expect(change({ settings }, undefined, 'test-1').ok).toBe(true);
  });
});

describe('a connector that is shown', () => {
  it('shows no secret, and whether it has them', () => {
    const shown = showConnector(made(change({ settings: certificate, password: 'secret', tlsKey })));
    expect(shown).toMatchObject({ passwordSet: true, tlsKeySet: true });
    expect(JSON.stringify(shown)).not.toMatch(/v1\.|tlsKeySealed|"secret"/);
    expect(showConnector(made(change({ settings })))).toMatchObject({ passwordSet: false, tlsKeySet: false });
  });

  it('with settings that do not fit is shown as it is, without its key', () => {
    const broken = { ...made(change({ settings })), settings: { port: 'x', tlsKeySealed: 'v1.x' } };
    expect(showConnector(broken)).toMatchObject({ settings: { port: 'x' }, tlsKeySet: true });
    expect(showConnector(broken).settings).not.toHaveProperty('tlsKeySealed');
  });
});
