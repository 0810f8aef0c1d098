import { describe, expect, it } from '@jest/globals';
import { isDataError } from './history.ts';

describe('isDataError', () => {
  it.each([
    ['a number out of range', { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '22003' } } } }, true],
    ['a constraint', { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '23502' } } } }, true],
    ['a server that shuts down', { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '57P01' } } } }, false],
    ['a connection refused', { code: 'ECONNREFUSED' }, false],
    ['no error object', undefined, false],
  ])('%s', (_, error, data) => {
    expect(isDataError(error)).toBe(data);
  });
});
