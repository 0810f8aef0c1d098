import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startHealth, type Check, type Health } from './health.ts';

let health: Health;
let checks: Record<string, Check>;
let metrics: () => Promise<string>;
beforeEach(async () => {
  checks = { nats: () => true, store: () => true };
  metrics = () => Promise.resolve('up 1\n');
  health = await startHealth({ host: '127.0.0.1', port: 0, checks, metrics: () => metrics() });
});
afterEach(() => health.stop());

const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${health.port}${path}`, { method });

test('GET /live: 200, also while draining', async () => {
  expect((await ask('/live')).status).toBe(200);
  health.drain();
  expect((await ask('/live')).status).toBe(200);
});

test('GET /ready: 200 when every check is true', async () => {
  const response = await ask('/ready?verbose');
  expect([response.status, await response.json()]).toEqual([200, { ready: true }]);
});

test('GET /ready: 503 names the failing checks and their reasons', async () => {
  checks.nats = () => 'disconnected for 5 s';
  checks.store = () => false;
  checks.queue = () => {
    throw new TypeError('bug');
  };
  const response = await ask('/ready');
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, failing: { nats: 'disconnected for 5 s', store: 'failing', queue: 'threw TypeError' } },
  ]);
});

test('GET /ready: 503 as soon as draining', async () => {
  health.drain();
  const response = await ask('/ready');
  expect([response.status, await response.json()]).toEqual([503, { ready: false, failing: { draining: 'failing' } }]);
});

test('GET /metrics: 200 in the Prometheus text format', async () => {
  const response = await ask('/metrics');
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'up 1\n',
  ]);
});

test('GET /metrics: 500 when collecting fails, and the next request is answered', async () => {
  metrics = () => Promise.reject(new Error('secret detail'));
  const response = await ask('/metrics');
  expect([response.status, await response.text()]).toEqual([500, '{"error":"Error"}']);
  expect((await ask('/live')).status).toBe(200);
});

test('other paths: 404, also those of Object.prototype', async () => {
  for (const path of ['/', '/livex', '/constructor', '/__proto__', '//']) expect((await ask(path)).status).toBe(404);
});

test('other methods: 405 with Allow; HEAD is answered', async () => {
  const response = await ask('/live', 'POST');
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect((await ask('/ready', 'HEAD')).status).toBe(200);
});

test('a taken port rejects', async () => {
  await expect(startHealth({ host: '127.0.0.1', port: health.port, checks })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('stop does not wait for idle connections', async () => {
  await ask('/live');
  await health.stop();
  await expect(ask('/live')).rejects.toThrow();
});
