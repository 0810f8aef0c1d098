import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  bool,
  defineConfig,
  documentConfig,
  durationMs,
  integer,
  list,
  parseConfig,
  port,
  ratio,
  readConfig,
  secret,
  serviceConfig,
  url,
} from './config.ts';

const needed = { DATABASE_URL: 'postgresql://app:hunter2@127.0.0.1/heliograph', NATS_URL: 'nats://127.0.0.1:4222,nats://127.0.0.1:4223' };

const read = (field: z.ZodType, text: string): unknown => {
  const parsed = parseConfig(z.object({ FIELD: field }), { FIELD: text });
  return parsed.ok ? (parsed.config as { FIELD: unknown }).FIELD : parsed.errors[0];
};

test.each([
  [port(), '0', 0],
  [port(), '65535', 65_535],
  [port(), '65536', 'FIELD: must be 0..65535 (got "65536")'],
  [port(), 'abc', 'FIELD: must be 0..65535 (got "abc")'],
  [port(), ' 80', 'FIELD: must be 0..65535 (got " 80")'],
  [port(), '0x50', 'FIELD: must be 0..65535 (got "0x50")'],
  [integer({ min: -5, max: 5 }), '-5', -5],
  [integer({ min: 1, max: 5 }), '1.5', 'FIELD: must be 1..5 (got "1.5")'],
  [ratio(), '0.01', 0.01],
  [ratio(), '.5', 0.5],
  [ratio(), '1.01', 'FIELD: must be 0..1 (got "1.01")'],
  [ratio(), 'NaN', 'FIELD: must be 0..1 (got "NaN")'],
  [bool(), 'TRUE', true],
  [bool(), 'off', false],
  [bool(), 'maybe', 'FIELD: must be true or false (got "maybe")'],
  [durationMs(), '250', 250],
  [durationMs(), '250ms', 250],
  [durationMs(), '15s', 15_000],
  [durationMs(), '2h', 7_200_000],
  [durationMs(), '1d', 86_400_000],
  [durationMs(), '-1s', 'FIELD: must be a duration such as 250ms, 15s, 5m, 2h or 1d (got "-1s")'],
  [list(), ' a, b,,c ', ['a', 'b', 'c']],
  [url('http:', 'https:'), 'http://127.0.0.1:4318', 'http://127.0.0.1:4318'],
  [url('http:', 'https:'), 'ftp://u:hunter2@h', 'FIELD: must be a URL of http:// or https:// (got "ftp://***@h")'],
  [url('nats:'), 'nats://a,nope', 'FIELD: must be a URL of nats:// (got "nats://a,nope")'],
  [secret().min(8, 'must have at least 8 characters'), 'hunter2', 'FIELD: must have at least 8 characters'],
])('a field reads its text: %#', (field, text, expected) => {
  expect(read(field, text)).toEqual(expected);
});

describe('parseConfig', () => {
  test('nothing but what is required: everything else has its default', () => {
    const config = readConfig(serviceConfig, needed);
    expect(config).toMatchObject({
      LOG_LEVEL: 'info',
      HEALTH_HOST: '127.0.0.1',
      HEALTH_PORT: 0,
      TRACE_SAMPLE_RATIO: 0.01,
      DRAIN_MS: 15_000,
    });
    expect(config.OTEL_EXPORTER_OTLP_ENDPOINT).toBeUndefined();
    expect(config.SERVICE_INSTANCE).toMatch(new RegExp(`-${process.pid}$`));
  });

  test('several errors: all are told, a line each, and no secret', () => {
    const parsed = parseConfig(serviceConfig, { DATABASE_URL: 'mysql://app:hunter2@h/db', HEALTH_PORT: 'abc', TRACE_SAMPLE_RATIO: '2' });
    expect(parsed).toEqual({
      ok: false,
      errors: [
        'DATABASE_URL: must be a URL of postgres:// or postgresql://',
        'NATS_URL: is required',
        'HEALTH_PORT: must be 0..65535 (got "abc")',
        'TRACE_SAMPLE_RATIO: must be 0..1 (got "2")',
      ],
    });
    expect(() => readConfig(serviceConfig, {})).toThrow('DATABASE_URL: is required\nNATS_URL: is required');
  });

  test('an empty variable counts as unset', () => {
    expect(readConfig(serviceConfig, { ...needed, LOG_LEVEL: '', HEALTH_PORT: '' })).toMatchObject({ LOG_LEVEL: 'info', HEALTH_PORT: 0 });
    expect(parseConfig(serviceConfig, { ...needed, NATS_URL: '' })).toEqual({ ok: false, errors: ['NATS_URL: is required'] });
  });

  test('a rule over several keys: its message is the line', () => {
    const range = z.object({ LOW: port(), HIGH: port() }).refine(({ LOW, HIGH }) => LOW < HIGH, 'LOW must be below HIGH');
    expect(parseConfig(range, { LOW: '2', HIGH: '1' })).toEqual({ ok: false, errors: ['LOW must be below HIGH'] });
  });
});

describe('documentConfig', () => {
  test('a row tells description, default, need and secrecy, wherever describe() stood', () => {
    const schema = serviceConfig.pick({ SERVICE_INSTANCE: true, OTEL_EXPORTER_OTLP_ENDPOINT: true }).extend({
      PORT: port().describe('inside').default(2775),
      KEY: secret().default('hunter2').describe('outside'),
      NAMES: list().default(['a', 'b']).describe('names'),
    });
    expect(documentConfig('smpp', schema)).toEqual([
      {
        name: 'smpp',
        env: 'SERVICE_INSTANCE',
        description: 'name of this process among its equals',
        default: '<hostname>-<pid>',
        required: false,
        secret: false,
      },
      expect.objectContaining({ env: 'OTEL_EXPORTER_OTLP_ENDPOINT', required: false }),
      { name: 'smpp', env: 'PORT', description: 'inside', default: '2775', required: false, secret: false },
      { name: 'smpp', env: 'KEY', description: 'outside', required: false, secret: true },
      { name: 'smpp', env: 'NAMES', description: 'names', default: 'a,b', required: false, secret: false },
    ]);
  });

  test('connection URLs are required secrets', () => {
    const rows = documentConfig('x', serviceConfig).filter(({ secret }) => secret);
    expect(rows.map(({ env, required }) => [env, required])).toEqual([
      ['DATABASE_URL', true],
      ['NATS_URL', true],
    ]);
  });
});

test('defineConfig refuses a key that is not upper case or not described', () => {
  expect(() => defineConfig(z.object({ smppPort: port().describe('x'), PORT: port() }))).toThrow(
    'smppPort: name must be UPPER_CASE\nPORT: has no description',
  );
});
