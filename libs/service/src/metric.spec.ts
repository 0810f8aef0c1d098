import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { counter, counterFrom, gauge, histogram } from './metric.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';

// Made before telemetry starts, as an app's module constants are.
const early = counter('test_early', 'made early');
const pace = histogram('test_pace_ms', 'time taken', [1, 10]);
let depth = 0;
gauge('test_depth', 'messages waiting', () => depth);
gauge('test_sessions', 'sessions bound', () => [
  { value: 2, attributes: { bind: 'transceiver' } },
  { value: 1, attributes: { bind: 'receiver' } },
]);
counterFrom('test_bytes', 'bytes read', () => 42);

let telemetry: Telemetry;
beforeEach(async () => (telemetry = await startTelemetry({ name: 'test', version: '0.0.0', instance: 'test-1', traceSampleRatio: 1 })));
afterEach(() => telemetry.stop());

const shown = async (prefix: string) => (await telemetry.prometheus()).split('\n').filter((line) => line.startsWith(prefix));

test('a counter made before the start counts, by attributes and not by their order or identity', async () => {
  early.add();
  early.add(2, { door: 'smpp', outcome: 'done' });
  early.add(3, { outcome: 'done', door: 'smpp' });
  const kept = early.with({ door: 'smpp', outcome: 'done' });
  kept.add();
  expect(await shown('test_early')).toEqual(['test_early_total 1', 'test_early_total{door="smpp",outcome="done"} 6']);
});

test('a counter made after the start counts', async () => {
  counter('test_late', 'made late').add(7);
  expect(await shown('test_late')).toEqual(['test_late_total 7']);
});

test('a histogram has its own boundaries', async () => {
  pace.record(5, { stage: 'route' });
  pace.with({ stage: 'route' }).record(50);
  expect(await shown('test_pace_ms_bucket')).toEqual([
    'test_pace_ms_bucket{stage="route",le="1"} 0',
    'test_pace_ms_bucket{stage="route",le="10"} 1',
    'test_pace_ms_bucket{stage="route",le="+Inf"} 2',
  ]);
});

test('gauges and foreign totals are read at each collection', async () => {
  depth = 5;
  expect(await shown('test_depth')).toEqual(['test_depth 5']);
  depth = 0;
  expect(await shown('test_depth')).toEqual(['test_depth 0']);
  expect(await shown('test_sessions')).toEqual(['test_sessions{bind="transceiver"} 2', 'test_sessions{bind="receiver"} 1']);
  expect(await shown('test_bytes')).toEqual(['test_bytes_total 42']);
});

test('more series than the limit: what is beyond shares one, and nothing is lost', async () => {
  const many = counter('test_many', 'too many');
  for (let tenant = 0; tenant < 2100; tenant += 1) many.add(1, { tenant });
  const lines = await shown('test_many_total');
  const total = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(total).toBe(2100);
  expect(lines.length).toBe(1999);
});

test('the process measures itself', async () => {
  const text = await telemetry.prometheus();
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d{7,}/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
  expect(text).toMatch(/^target_info\{.*service_name="test".*\} 1/m);
});
