import { describe, expect, it } from '@jest/globals';
import type { RequestHandler } from 'express';
import { newApiKey } from '@heliograph/credential';
import { firstOperator, orFirstOperator } from './first-operator.ts';

const { key, digest } = newApiKey();
const { key: otherKey } = newApiKey();
const others = 'left to the others';

function callerFor(headers: object, known: string | undefined = digest): unknown {
  const response = { locals: {} as { caller?: unknown } };
  const authenticate = (() => (response.locals.caller = others)) as unknown as RequestHandler;
  void orFirstOperator(known, authenticate)({ headers } as never, response as never, () => undefined);
  return response.locals.caller;
}

describe('the first operator', () => {
  it.each([
    ['X-API-Key', { 'x-api-key': key }],
    ['a bearer token', { authorization: `Bearer ${key}` }],
    ['a bearer token in other letters', { authorization: `bEARER  ${key}` }],
    ['a good key beside a bad one', { 'x-api-key': otherKey, authorization: `Bearer ${key}` }],
  ])('passes with %s', (_, headers) => {
    expect(callerFor(headers)).toBe(firstOperator);
  });

  it('passes whatever the case of the digest', () => {
    expect(callerFor({ 'x-api-key': key }, digest.toUpperCase())).toBe(firstOperator);
  });

  it.each([
    ['another key', { 'x-api-key': otherKey }],
    ['the digest itself', { 'x-api-key': digest }],
    ['a key in capitals', { 'x-api-key': key.toUpperCase() }],
    ['an empty key', { 'x-api-key': '' }],
    ['no key', {}],
  ])('is not who comes with %s', (_, headers) => {
    expect(callerFor(headers)).toBe(others);
  });

  it('is nobody when no digest is set', () => {
    const authenticate: RequestHandler = () => undefined;
    expect(orFirstOperator(undefined, authenticate)).toBe(authenticate);
  });

  it('may change tenants, and is of none', () => {
    expect([firstOperator.may('tenants:write'), firstOperator.tenant, firstOperator.role]).toEqual([true, '', 'operator-admin']);
  });
});
