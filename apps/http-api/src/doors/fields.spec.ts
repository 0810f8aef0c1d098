import { describe, expect, it } from '@jest/globals';
import { readForm, readJsonObject, type Fields } from './fields.ts';

const read = (fields: Fields) => ({ ok: true, fields });
const plain = (result: ReturnType<typeof readForm>) => (result.ok ? { ok: true, fields: { ...result.fields } } : result.reason);

describe('a form', () => {
  it.each<[string, string, Fields]>([
    ['nothing', '', {}],
    ['names and values', 'to=123&message=Hi', { to: '123', message: 'Hi' }],
    ['an unescaped plus, which is a space', 'to=+15551234567', { to: ' 15551234567' }],
    ['an escaped plus', 'to=%2B15551234567', { to: '+15551234567' }],
    ['UTF-8, escaped and as it is', 'a=%E2%82%AC&b=\u00e2\u0082\u00ac', { a: '€', b: '€' }],
    ['a percent sign that begins no escape', 'message=100%&b=5%zz%2', { message: '100%', b: '5%zz%2' }],
    ['names without a value and empty pairs', '&&to&message=&', { to: '', message: '' }],
    ['a value with =', 'smsKey=a=b', { smsKey: 'a=b' }],
    ['a name that would be a prototype', '__proto__=x&toString=y', JSON.parse('{"__proto__":"x","toString":"y"}')],
  ])('with %s is read', (_, text, fields) => {
    expect(plain(readForm(text))).toEqual(read(fields));
  });

  it.each([
    ['a name given twice', 'to=1&to=2'],
    ['a name given twice, once escaped', 'to=1&%74o=2'],
    ['octets that are not UTF-8', 'message=%FF'],
    ['half of a character', 'message=%E2%82'],
    ['a NUL', 'message=a%00b'],
    ['more names than anybody needs', Array.from({ length: 51 }, (_, i) => `n${i}=1`).join('&')],
  ])('with %s is refused', (_, text) => {
    expect(plain(readForm(text))).toBe('bad_request');
  });
});

describe('a JSON body', () => {
  it.each<[string, string, Fields]>([
    ['texts', '{"to":"1","message":"€"}', { to: '1', message: '€' }],
    ['other values, which a schema may refuse', '{"to":5,"more":{"a":[]}}', { to: 5, more: { a: [] } }],
    ['a name that would be a prototype', '{"__proto__":{"to":"1"}}', JSON.parse('{"__proto__":{"to":"1"}}')],
  ])('with %s is read', (_, text, fields) => {
    expect(plain(readJsonObject(Buffer.from(text)))).toEqual(read(fields));
  });

  it.each([
    ['nothing', '', 'malformed_json'],
    ['half of an object', '{"to":', 'malformed_json'],
    ['another encoding', Buffer.from('{"to":"\u00e9"}', 'latin1'), 'malformed_json'],
    ['a list', '[]', 'bad_request'],
    ['null', 'null', 'bad_request'],
    ['a NUL', '{"message":"a\\u0000b"}', 'bad_request'],
  ])('with %s is refused', (_, text, reason) => {
    expect(plain(readJsonObject(Buffer.from(text)))).toBe(reason);
  });
});
