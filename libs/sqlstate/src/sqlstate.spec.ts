import { expect, test } from '@jest/globals';
import { isDataError, sqlStateOf } from './sqlstate.ts';

const wrapped = (originalCode: string) => ({ code: 'P2010', meta: { driverAdapterError: { cause: { originalCode, kind: 'postgres' } } } });

test.each([
  ['a statement of our own', { code: '22P02' }, '22P02', true],
  ['a raw query of Prisma', wrapped('23505'), '23505', true],
  ['a text too long for an index', { code: 'P2010', meta: { code: '54000' } }, '54000', true],
  ['an error that caused another', new Error('failed', { cause: { code: '22021' } }), '22021', true],
  ['a full disk', wrapped('53100'), '53100', false],
  ['a server that ends', { code: '57P01' }, '57P01', false],
  ['a code of Prisma alone', { code: 'P2002' }, undefined, false],
  ['a connection that is refused', { code: 'ECONNREFUSED' }, undefined, false],
  ['nothing of an object', 'no', undefined, false],
  ['nothing', undefined, undefined, false],
])('%s', (_, error, state, isOfData) => {
  expect([sqlStateOf(error), isDataError(error)]).toEqual([state, isOfData]);
});
