import { describe, expect, it } from '@jest/globals';
import { arrayLiteral, storableJson } from './statement.ts';

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
