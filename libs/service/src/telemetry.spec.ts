import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLog } from './log.ts';
import { counter } from './metric.ts';
import { isSampled, newTraceparent, recordSpan, withSpan } from './span.ts';
import { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';

type Received = { path: string; body: string };
type OtlpSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code?: number };
};
type OtlpLine = { body: { stringValue: string }; severityNumber: number; severityText: string; traceId?: string; attributes: object[] };

// A collector as OTLP/HTTP describes it: three paths, JSON in, 200 out.
let received: Received[];
let collector: Server;
let answer: number;
beforeEach(async () => {
  received = [];
  answer = 200;
  collector = createServer(async (request, response) => {
    const chunks = await request.toArray();
    received.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString() });
    response.writeHead(answer, { 'content-type': 'application/json' }).end('{}');
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  collector.close();
  collector.closeAllConnections();
});

const endpoint = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
const start = (more: Partial<TelemetryOptions> = {}): Promise<Telemetry> =>
  startTelemetry({ name: 'router', version: '1.2.3', instance: 'router-1', endpoint: endpoint(), traceSampleRatio: 1, ...more });
const bodies = (path: string) => received.filter((one) => one.path === path).map((one) => one.body);
type Nested = { [key: string]: Nested[] };
const items = <T>(path: string, [resources, scopes, records]: readonly [string, string, string]): T[] =>
  bodies(path)
    .flatMap((body) => (JSON.parse(body) as Nested)[resources] ?? [])
    .flatMap((resource) => resource[scopes] ?? [])
    .flatMap((scope) => (scope[records] ?? []) as T[]);
const spans = () => items<OtlpSpan>('/v1/traces', ['resourceSpans', 'scopeSpans', 'spans']);
const lines = () => items<OtlpLine>('/v1/logs', ['resourceLogs', 'scopeLogs', 'logRecords']);

const accepted = counter('telemetry_spec_accepted', 'messages accepted');

describe('with a collector', () => {
  test('it gets traces, metrics and logs, each with the resource', async () => {
    const telemetry = await start();
    const printed: string[] = [];
    const log = createLog({
      name: 'router',
      level: 'info',
      instance: 'router-1',
      destination: { write: (line) => void printed.push(line) },
    });
    accepted.add(4, { door: 'smpp' });
    const traceparent = newTraceparent(true);
    withSpan('route', traceparent, { to: '+15551234567' }, () => log.warn({ to: '+15551234567', text: 'hello dolly', ms: 3 }, 'no route'));
    await telemetry.stop();

    expect([...new Set(received.map(({ path }) => path))].sort()).toEqual(['/v1/logs', '/v1/metrics', '/v1/traces']);
    for (const { body } of received)
      for (const value of ['heliograph', 'router', '1.2.3', 'router-1']) expect(body).toContain(`"stringValue":"${value}"`);

    const [span] = spans();
    expect(span).toMatchObject({ name: 'route', traceId: traceparent.slice(3, 35), parentSpanId: traceparent.slice(36, 52) });
    expect(bodies('/v1/metrics').join()).toMatch(/"name":"telemetry_spec_accepted".*"stringValue":"smpp".*"as(Int|Double)":"?4/);
    const [line] = lines();
    expect(line).toMatchObject({ body: { stringValue: 'no route' }, severityText: 'warn', severityNumber: 13, traceId: span?.traceId });
    expect(JSON.stringify(line?.attributes)).toContain('"<11 characters>"');
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ trace_id: span?.traceId, span_id: span?.spanId, msg: 'no route' });
    expect(received.map(({ body }) => body).join() + printed.join()).not.toMatch(/5551234567|hello dolly/);
  });

  test('recordSpan keeps the times, the parent and the failure, and gives the child', async () => {
    const telemetry = await start();
    const traceparent = newTraceparent(true);
    const child = recordSpan('deliver', {
      traceparent,
      startMs: 1_795_159_201_693.25,
      endMs: 1_795_159_201_700,
      failure: 'refused +15551234567',
    });
    await telemetry.stop();
    expect(spans()).toEqual([
      expect.objectContaining({
        name: 'deliver',
        traceId: traceparent.slice(3, 35),
        parentSpanId: traceparent.slice(36, 52),
        spanId: child.slice(36, 52),
        startTimeUnixNano: '1795159201693250000',
        endTimeUnixNano: '1795159201700000000',
        status: { code: 2, message: 'refused +1555***67' },
      }),
    ]);
    expect(isSampled(child)).toBe(true);
  });

  test('an unsampled traceparent makes no span and comes back as it is', async () => {
    const telemetry = await start();
    const traceparent = newTraceparent(false);
    expect(recordSpan('deliver', { traceparent, startMs: 0, endMs: 1 })).toBe(traceparent);
    withSpan('route', traceparent, {}, () => undefined);
    await telemetry.stop();
    expect(spans()).toEqual([]);
  });

  test.each([
    [1, true],
    [0, false],
  ])('with ratio %d a new trace is sampled: %s', async (traceSampleRatio, sampled) => {
    const telemetry = await start({ traceSampleRatio });
    expect(isSampled(newTraceparent())).toBe(sampled);
    expect(isSampled(withSpan('submit', undefined, {}, (traceparent) => traceparent))).toBe(sampled);
    await telemetry.stop();
    expect(isSampled(newTraceparent())).toBe(false);
  });

  test('a rejection is recorded as a failed span and passed on', async () => {
    const telemetry = await start();
    await expect(withSpan('route', undefined, {}, () => Promise.reject(new Error('token=hunter2')))).rejects.toThrow('hunter2');
    await telemetry.stop();
    expect(spans()[0]?.status).toEqual({ code: 2, message: 'token=***' });
  });

  test('/metrics has the same numbers', async () => {
    const telemetry = await start();
    accepted.add(1, { door: 'http' });
    expect(await telemetry.prometheus()).toContain('telemetry_spec_accepted_total{door="http"} 1');
    await telemetry.stop();
  });

  test('a collector that refuses: told once, and stop still ends', async () => {
    answer = 400;
    const told: string[] = [];
    const telemetry = await start({ onError: (reason) => told.push(reason) });
    recordSpan('deliver', { traceparent: newTraceparent(true), startMs: 0, endMs: 1 });
    await telemetry.stop();
    expect(received.length).toBeGreaterThan(1);
    expect(told).toHaveLength(1);
  });
});

test('without an endpoint nothing is sent', async () => {
  const telemetry = await start({ endpoint: undefined });
  createLog({ name: 'router', level: 'info', instance: 'router-1', destination: { write: () => undefined } }).info('hello');
  recordSpan('deliver', { traceparent: newTraceparent(true), startMs: 0, endMs: 1 });
  await telemetry.stop();
  expect(received).toEqual([]);
});
