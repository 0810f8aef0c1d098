import { describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import type { Snapshot } from '@heliograph/registry';
import { authenticate, callerOf } from './authenticate.ts';
import { firstOperator } from './first-operator.ts';

const { key, digest } = newApiKey();
const { key: otherKey } = newApiKey();
/** An empty registry. */
const snapshot = { credentialByLogin: () => undefined, tenants: new Map() } as Partial<Snapshot> as Snapshot;
const facts = { snapshot, address: '192.0.2.1', nowMs: 0 };

/** What a request with these headers is let pass as. */
async function callerFor(headers: Record<string, string>, operatorDigest: string | undefined): Promise<unknown> {
  const response = { locals: {} as { caller?: unknown } };
  const request = { headers, socket: { remoteAddress: '192.0.2.1' } };
  const handler = authenticate({ registry: { current: snapshot }, failuresMax: 10, operatorDigest });
  await new Promise((resolve) => void handler(request as never, response as never, resolve));
  return response.locals.caller;
}

describe('the first operator', () => {
  it.each([
    ['X-API-Key', { 'x-api-key': key }],
    ['a bearer token', { authorization: `Bearer ${key}` }],
    ['a bearer token in other letters', { authorization: `bEARER  ${key}` }],
    ['a good key beside a bad one', { 'x-api-key': otherKey, authorization: `Bearer ${key}` }],
  ])('passes with %s', async (_, headers) => {
    expect(await callerFor(headers as Record<string, string>, digest)).toBe(firstOperator);
  });

  it('passes whatever the case of the digest', () => {
    expect(callerOf(key, { ...facts, operatorDigest: digest.toUpperCase() })).toBe(firstOperator);
  });

  it.each([
    ['another key', otherKey],
    ['the digest itself', digest],
    ['a key in capitals', key.toUpperCase()],
    ['an empty key', ''],
  ])('is not who comes with %s', (_, given) => {
    expect(callerOf(given, { ...facts, operatorDigest: digest })).toBeUndefined();
  });

  it('is not who comes with no key', async () => {
    expect(await callerFor({}, digest)).toBeUndefined();
  });

  it('is nobody when no digest is set', () => {
    expect(callerOf(key, { ...facts, operatorDigest: undefined })).toBeUndefined();
  });

  it('may change tenants, and is of none', () => {
    expect([firstOperator.may('tenants:write'), firstOperator.tenant, firstOperator.role]).toEqual([true, '', 'operator-admin']);
  });
});
