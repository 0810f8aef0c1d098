import { describe, expect, it } from '@jest/globals';
import { arrayLiteral, isDataError, storableJson } from './history.ts';

describe('storableJson', () => {
  it.each([
    ['plain text', 'Hello', 'Hello'],
    ['a NUL', 'a\u0000b', 'a\ufffdb'],
    ['an unpaired high surrogate', 'a\ud83d', 'a\ufffd'],
    ['an unpaired low surrogate', '\ude00b', '\ufffdb'],
    ['a whole pair', '😀', '😀'],
    ['what only looks like an escape', 'C:\\u0000', 'C:\\u0000'],
    ['a backslash before a NUL', '\\\u0000', '\\\ufffd'],
  ])('%s', (_, text, kept) => {
    expect(JSON.parse(storableJson(JSON.stringify({ text })))).toEqual({ text: kept });
  });
});

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

describe('arrayLiteral', () => {
  it.each([
    ['nothing', [], '{}'],
    ['numbers, truth and nothing known', [1, true, null, undefined], '{1,true,NULL,NULL}'],
    ['text that looks like syntax', ['', 'NULL', 'a,b', '{}', '"', '\\'], '{"","NULL","a,b","{}","\\"","\\\\"}'],
    ['a NUL', ['a\0b'], '{"a\ufffdb"}'],
  ])('%s', (_, values, literal) => {
    expect(arrayLiteral(values)).toBe(literal);
  });
});
