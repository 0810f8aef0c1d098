import { describe, expect, it } from '@jest/globals';
import { listQuery, submission } from '../messages/schema.ts';
import { jsonPointer, queryField, validate } from './validate.ts';

const to = '+31612345678';

describe('a body', () => {
  it.each([
    [
      'with everything',
      { to: [to], text: 'x', from: 'Acme', class: 'otp', validity: 60, reference: 'r', webhook: 'https://a.example/', flash: true },
    ],
    ['with the least', { to, text: '' }],
  ])('%s fits', (_, body) => {
    expect(validate(submission, body, jsonPointer).ok).toBe(true);
  });

  it.each<[string, unknown, string[]]>([
    ['that is no object', 'hello', ['']],
    ['that is a list', [], ['']],
    ['that is null', null, ['']],
    ['without anything', {}, ['/to', '/text']],
    ['with a number for a recipient', { to: 31612345678, text: 'x' }, ['/to']],
    ['with one bad recipient of many', { to: [to, 5], text: 'x' }, ['/to/1']],
    ['with no recipients', { to: [], text: 'x' }, ['/to']],
    ['with too many recipients', { to: Array(1001).fill(to), text: 'x' }, ['/to']],
    ['with a field we do not know', { to, text: 'x', 'a/b~c': 1 }, ['/a~1b~0c']],
    [
      'with keys that would change a prototype',
      JSON.parse(`{"to":"${to}","text":"x","constructor":{"prototype":{"a":1}}}`),
      ['/constructor'],
    ],
    ['with a __proto__', JSON.parse(`{"to":"${to}","text":"x","__proto__":{"flash":true}}`), ['/__proto__']],
    ['with several faults', { to, text: 5, class: 'gold', validity: 0.5, flash: 'yes' }, ['/text', '/class', '/validity', '/flash']],
    ['with a time to send it that is none', { to, text: 'x', send_at: 'tomorrow' }, ['/send_at']],
    ['with a time of no time zone', { to, text: 'x', send_at: '2026-11-20T12:00:00' }, ['/send_at']],
    ['with a validity beyond a week', { to, text: 'x', validity: 604801 }, ['/validity']],
  ])('%s does not', (_, body, fields) => {
    const result = validate(submission, body, jsonPointer);
    expect(result.ok ? [] : result.errors.map(({ field }) => field)).toEqual(fields);
  });
});

describe('a query', () => {
  it.each<[Record<string, unknown>, unknown]>([
    [{}, { limit: 20 }],
    [
      { limit: '100', before: '0'.repeat(32) },
      { limit: 100, before: '0'.repeat(32) },
    ],
  ])('%j fits', (query, value) => {
    expect(validate(listQuery, query, queryField)).toEqual({ ok: true, value });
  });

  it.each<[Record<string, unknown>, string[]]>([
    [{ limit: '0' }, ['?limit']],
    [{ limit: 'many' }, ['?limit']],
    [{ limit: ['1', '2'] }, ['?limit']],
    [{ before: 'x', page: '2' }, ['?before', '?page']],
  ])('%j does not', (query, fields) => {
    const result = validate(listQuery, query, queryField);
    expect(result.ok ? [] : result.errors.map(({ field }) => field)).toEqual(fields);
  });
});
