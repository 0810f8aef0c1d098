/** Who wants no more messages, over HTTP: http-api alone on real servers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import {
  inboundSettingsOf,
  putTenant,
  readAudit,
  sayOptOuts,
  watchOptOuts,
  watchRegistry,
  type OptOuts,
  type RegistryWatch,
} from '@heliograph/registry';
import { eventually, quietLog, testTenant } from '@heliograph/testbed';
import { openApi, putKey, type Answer, type Api } from './api.ts';

const [user, other] = [newApiKey(), newApiKey()];
const keys = { admin: testTenant.apiKey, user: user.key, other: other.key };
const path = '/v1/opt-outs';

let api: Api;
let followed: OptOuts;
let registry: RegistryWatch;

beforeAll(async () => {
  api = await openApi();
  const { servers, database, queue } = api;
  await putTenant(database, { id: 'other', name: 'Other', pricePlanId: 'standard', defaultCountry: 'NL' });
  await putKey(database, user, { id: 'acme-user', tenantId: testTenant.id, role: 'tenant-user' });
  await putKey(database, other, { id: 'other-admin', tenantId: 'other', role: 'tenant-admin' });
  // by broadcast alone
  const follow = { databaseUrl: servers.databaseUrl, listen: queue.listen, log: quietLog, pollMs: 3_600_000 };
  [followed, registry] = await Promise.all([watchOptOuts(follow), watchRegistry(follow)]);
  api.alsoStop(followed.stop);
  api.alsoStop(registry.stop);
  await api.start();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

const call = (method: string, to: string, { as = 'admin', body }: { as?: keyof typeof keys; body?: object } = {}): Promise<Answer> =>
  api.call(method, to, body, { key: keys[as] });

const list = async (query = '', as?: keyof typeof keys) =>
  (await call('GET', `${path}?${query}`, as ? { as } : {})).body.optOuts.map((one: { sender: string; recipient: string }) => [
    one.sender,
    one.recipient,
  ]);
const auditOf = async (action: string) => (await readAudit(api.database, { limit: 100 })).filter((entry) => entry.action === action);

describe('opt-outs', () => {
  it('200: are none at first', async () => {
    expect(await call('GET', path)).toEqual({ status: 200, body: { optOuts: [], next: null } });
  });

  it('200: somebody is put there once, is known everywhere within a second, and is on record', async () => {
    const there = { recipient: '+31612345678', sender: '*', via: 'api', at: expect.any(String) };
    for (let i = 0; i < 2; i++)
      expect(await call('POST', path, { body: { recipient: '+31 6 1234 5678' } })).toEqual({ status: 200, body: { optOuts: [there] } });
    await eventually('it is followed', () => followed.has(testTenant.id, ['Shop'], '31612345678'), 1_000);
    expect(await auditOf('opt_out.created')).toMatchObject([
      {
        tenantId: testTenant.id,
        actor: testTenant.apiCredential,
        subject: '+31612345678',
        before: null,
        after: { sender: '*', via: 'api' },
      },
    ]);
    expect(await list()).toEqual([['*', '+31612345678']]);
    expect(await list('', 'other')).toEqual([]);
  });

  it('200: a number without its country is one of the country of the tenant', async () => {
    await call('POST', path, { as: 'other', body: { recipient: ['0612345678', '0031612345679', '0612345678'], sender: ' SHOP ' } });
    expect(await list('', 'other')).toEqual([
      ['shop', '+31612345678'],
      ['shop', '+31612345679'],
    ]);
  });

  it('200: come in pages and by sender and recipient; as CSV all at once', async () => {
    await call('POST', path, { body: { recipient: ['+447700900003', '+447700900001', '+447700900002'], sender: '+31201234567' } });
    const first = await call('GET', `${path}?limit=2`);
    expect(first.body).toMatchObject({ optOuts: [{ sender: '*' }, { recipient: '+447700900001' }], next: '447700900001.31201234567' });
    expect(await list(`limit=2&after=${first.body.next}`)).toEqual([
      ['31201234567', '+447700900002'],
      ['31201234567', '+447700900003'],
    ]);
    expect(await list('sender=%2B31201234567&recipient=447700900002')).toEqual([['31201234567', '+447700900002']]);
    expect(await list('sender=nobody')).toEqual([]);
    const csv = await call('GET', `${path}?format=csv&sender=31201234567`);
    expect(csv.body.split('\r\n').map((line: string) => line.slice(0, 29))).toEqual([
      'recipient,sender,via,at',
      '+447700900001,31201234567,api',
      '+447700900002,31201234567,api',
      '+447700900003,31201234567,api',
      '',
    ]);
  });

  it('200: who sent a STOP stays one who did', async () => {
    const said = {
      tenantId: testTenant.id,
      sender: 'shop',
      recipient: '4712345678',
      state: 'out',
      via: 'keyword',
      at: new Date(0),
    } as const;
    await sayOptOuts(api.database, [said]);
    const there = { recipient: '+4712345678', sender: 'shop', via: 'keyword' };
    expect(await call('POST', path, { body: { recipient: '+4712345678', sender: 'Shop' } })).toMatchObject({ body: { optOuts: [there] } });
  });

  it('204: somebody is taken away from one sender, or from all; 404 when they are not there', async () => {
    await call('POST', path, { body: { recipient: '+4798765432' } });
    await call('POST', path, { body: { recipient: '+4798765432', sender: 'Shop' } });
    expect((await call('DELETE', `${path}/+4798765432?sender=shop`)).status).toBe(204);
    expect(await list('recipient=4798765432')).toEqual([['*', '+4798765432']]);
    expect((await call('DELETE', `${path}/4798765432`)).status).toBe(204);
    await eventually('it is followed', () => !followed.has(testTenant.id, ['Shop'], '4798765432'), 1_000);
    expect((await call('DELETE', `${path}/4798765432`)).status).toBe(404);
    expect(await auditOf('opt_out.deleted')).toMatchObject([{ before: { sender: '*' } }, { before: { sender: 'shop' }, after: null }]);
  });

  it.each<[number, string, string, string, { as?: keyof typeof keys; body?: object }]>([
    [403, 'put there by a user of the tenant', 'POST', path, { as: 'user', body: { recipient: '+31612345678' } }],
    [403, 'taken away by one', 'DELETE', `${path}/31612345678`, { as: 'user' }],
    [422, 'of no number', 'POST', path, { body: { recipient: 'nobody' } }],
    [422, 'of several, one of which is no number', 'POST', path, { body: { recipient: ['+31612345678', 'nobody'] } }],
    [422, 'of nobody', 'POST', path, { body: { recipient: [] } }],
    [422, 'from a sender of control characters', 'POST', path, { body: { recipient: '+31612345678', sender: 'a\u0000' } }],
    [422, 'from a sender that is too long', 'POST', path, { body: { recipient: '+31612345678', sender: 'a'.repeat(33) } }],
    [422, 'of no number, taken away', 'DELETE', `${path}/nobody`, {}],
    [422, 'of no number, asked for', 'GET', `${path}?recipient=nobody`, {}],
    [422, 'after nothing', 'GET', `${path}?after=x`, {}],
  ])('%i: %s', async (status, _, method, to, request) => {
    expect((await call(method, to, request)).status).toBe(status);
  });

  it('200: are seen by a user of the tenant', async () => {
    expect((await call('GET', path, { as: 'user' })).status).toBe(200);
  });
});

describe('what STOP, START and HELP do', () => {
  const usual = { enabled: true, keywords: { stop: [], start: [], help: [] }, replies: { stop: null, start: null, help: null } };

  it('200: is the usual at first; each change is on record and known to the router', async () => {
    expect(await call('GET', '/v1/inbound-settings', { as: 'user' })).toEqual({ status: 200, body: usual });
    const given = { keywords: { stop: ['afmelden'] }, replies: { stop: 'Bye', help: 'Call us' } };
    const shown = { ...usual, keywords: { ...usual.keywords, stop: ['afmelden'] }, replies: { stop: 'Bye', start: null, help: 'Call us' } };
    for (let i = 0; i < 2; i++) expect(await call('PUT', '/v1/inbound-settings', { body: given })).toEqual({ status: 200, body: shown });
    expect(await auditOf('inbound_settings.changed')).toMatchObject([{ tenantId: testTenant.id, before: usual, after: shown }]);
    await eventually(
      'it is followed',
      () => inboundSettingsOf(registry.current.tenants.get(testTenant.id) ?? {}).replies.stop === 'Bye',
      1_000,
    );
    expect(await call('GET', '/v1/inbound-settings', { as: 'other' })).toMatchObject({ body: usual });
    expect(await call('PUT', '/v1/inbound-settings', { body: {} })).toEqual({ status: 200, body: usual });
  });

  it.each<[number, string, { as?: keyof typeof keys; body: object }]>([
    [403, 'set by a user of the tenant', { as: 'user', body: {} }],
    [422, 'a word without letters', { body: { keywords: { stop: ['...'] } } }],
    [422, 'an empty answer', { body: { replies: { stop: '' } } }],
    [422, 'an answer with U+0000', { body: { replies: { stop: 'a\u0000' } } }],
    [422, 'an answer of more than 1,530 characters', { body: { replies: { stop: 'a'.repeat(1_531) } } }],
  ])('%i: %s', async (status, _, request) => {
    expect((await call('PUT', '/v1/inbound-settings', request)).status).toBe(status);
  });
});
