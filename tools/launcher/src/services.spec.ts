import { describe, expect, test } from '@jest/globals';
import { digestApiKey } from '@heliograph/credential';
import { demoCredentials } from './demo.ts';
import { carrierSimulator, serviceEnv, services } from './services.ts';
import type { Surroundings } from './services.ts';

const surroundings: Surroundings = {
  options: {
    data: '/data',
    smppPort: 0,
    smppTlsPort: 2776,
    httpPort: 8080,
    carrier: undefined,
    balanceMicroCredits: 0n,
    profile: 'demo',
    natsServers: 1,
    json: false,
  },
  databaseUrl: 'postgres://database',
  natsUrl: 'nats://queue',
  masterKey: 'ff'.repeat(32),
  compileCache: '/data/compile-cache',
};
const ingress = services.find(({ name }) => name === 'smpp-ingress')!;
const env = (spec = ingress, ports: Record<string, number> = {}, base: NodeJS.ProcessEnv = {}) =>
  serviceEnv(spec, surroundings, { base, ports });

describe('the environment of a service', () => {
  test('has the servers, its options, and any free port for its health', () => {
    expect(env()).toMatchObject({
      DATABASE_URL: 'postgres://database',
      NATS_URL: 'nats://queue',
      SMPP_PORT: '0',
      SMPP_TLS_PORT: '2776',
      HEALTH_PORT: '0',
    });
  });

  test('at a restart has the ports that it reported', () => {
    expect(env(ingress, { smpp: 40_001, smppTls: 2776, health: 40_002 })).toMatchObject({
      SMPP_PORT: '40001',
      SMPP_TLS_PORT: '2776',
      HEALTH_PORT: '40002',
    });
  });

  test("takes the caller's variables over the profile's, never over what holds the stack together", () => {
    const base = { TRACE_SAMPLE_RATIO: '0.5', LOG_LEVEL: 'debug', SMPP_PORT: '1', DATABASE_URL: 'postgres://other' };
    expect(env(ingress, {}, base)).toMatchObject({
      TRACE_SAMPLE_RATIO: '0.5',
      LOG_LEVEL: 'debug',
      SMPP_PORT: '0',
      DATABASE_URL: 'postgres://database',
    });
  });

  test("has malloc give back what starting took, unless the caller's own limits say otherwise", () => {
    expect(env()).toMatchObject({ MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' });
    expect(env(ingress, {}, { MALLOC_ARENA_MAX: '8' })).toMatchObject({ MALLOC_ARENA_MAX: '8', MALLOC_MMAP_THRESHOLD_: '131072' });
  });

  test('in production traces what the service itself chooses', () => {
    const production = { ...surroundings, options: { ...surroundings.options, profile: 'production' as const } };
    expect(serviceEnv(ingress, production, { base: {}, ports: {} })).not.toHaveProperty('TRACE_SAMPLE_RATIO');
    expect(env()).toHaveProperty('TRACE_SAMPLE_RATIO', '1');
  });

  test('holds the master key only where secrets are opened', () => {
    const holders = [...services, carrierSimulator]
      .filter((spec) => 'MASTER_KEY' in env(spec, {}, { MASTER_KEY: 'given' }))
      .map(({ name }) => name);
    expect(holders).toEqual(['http-api', 'connector-smpp', 'dlr-forwarder']);
  });

  test("knows the operator's key by its digest, and http-api alone does", () => {
    const { operatorKey } = demoCredentials(surroundings.masterKey);
    const knowing = [...services, carrierSimulator].filter((spec) => 'OPERATOR_KEY_DIGEST' in env(spec));
    expect(knowing.map(({ name }) => name)).toEqual(['http-api']);
    for (const spec of knowing) {
      expect(env(spec)['OPERATOR_KEY_DIGEST']).toBe(digestApiKey(operatorKey));
      expect(JSON.stringify(env(spec))).not.toContain(operatorKey);
    }
  });
});

test('what lets messages in stops before what handles them, and each name is there once', () => {
  const rank = Object.fromEntries(services.map(({ name, stopRank }) => [name, stopRank]));
  for (const door of ['smpp-ingress', 'http-api']) {
    for (const later of ['router', 'connector-smpp', 'dlr-forwarder', 'billing-credits', 'message-log'])
      expect(rank[door]).toBeLessThan(rank[later]!);
  }
  expect(Object.keys(rank)).toHaveLength(services.length);
});
