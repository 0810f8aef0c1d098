import { describe, expect, test } from '@jest/globals';
import { maskError, maskFields, maskNumber, maskText, scrub, scrubProse } from './mask.ts';

test.each([
  ['+15551234567', '+1555***67'],
  ['15551234567', '1555***67'],
  ['+1 (555) 123-4567', '+1555***67'],
  ['+31699887766', '+3169***66'],
  ['12345678', '12***78'],
  ['1234567', '***'],
  ['12345', '***'],
  ['Heliograph', '<10 characters>'],
  ['someone@example.org', '<19 characters>'],
  ['', '<0 characters>'],
])('the number %s is shown as %s', (number, shown) => {
  expect(maskNumber(number)).toBe(shown);
});

test('a text is shown as its length', () => {
  expect(maskText('Hello, world')).toBe('<12 characters>');
});

describe('maskFields', () => {
  test('keys are known in any spelling and at any depth', () => {
    const fields = {
      sms_key: 'k1',
      'X-API-Key': 'k2',
      a: { b: { c: { dbPassword: 'k3', to: '+15551234567' } } },
      list: [{ smsKey: 'k4', text: 'hello' }],
    };
    expect(maskFields(fields)).toEqual({
      sms_key: '<secret>',
      'X-API-Key': '<secret>',
      a: { b: { c: { dbPassword: '<secret>', to: '+1555***67' } } },
      list: [{ smsKey: '<secret>', text: '<5 characters>' }],
    });
  });

  test('under a masked key everything is masked, whatever its shape', () => {
    const to = { address: '15551234567', ton: 1, also: ['+31699887766'] };
    expect(maskFields({ to, from: 15551234567n, recipients: ['+15551234567'], body: { custom: 'hello' }, key: { any: 'thing' } })).toEqual({
      to: { address: '1555***67', ton: '***', also: ['+3169***66'] },
      from: '1555***67',
      recipients: ['+1555***67'],
      body: { custom: '<5 characters>' },
      key: '<secret>',
    });
  });

  test('a message object keeps its own keys, a message text is masked', () => {
    expect(maskFields({ message: { id: 'm1', text: 'hello' } })).toEqual({ message: { id: 'm1', text: '<5 characters>' } });
    expect(maskFields({ message: 'hello' })).toEqual({ message: '<5 characters>' });
  });

  test('what is nobody’s data stays: ids, counts, states, stream subjects', () => {
    const fields = {
      id: 'm1',
      providerId: '0059113978',
      state: 'sent',
      ms: 12.5,
      ok: true,
      none: null,
      subject: 'message.submitted.otp',
      at: 1795159201693,
    };
    expect(maskFields(fields)).toEqual(fields);
    expect(maskFields({ subject: 'Your code. Really' })).toEqual({ subject: '<17 characters>' });
  });

  test('a URL loses its query and its credentials', () => {
    expect(maskFields({ url: '/smsapi/send?smsUser=u&smsKey=hunter2&to=+15551234567', href: 'http://u:hunter2@h/p' })).toEqual({
      url: '/smsapi/send?…',
      href: 'http://***@h/p',
    });
  });

  test('buffers, sockets, dates, bigints and cycles are printable', () => {
    const cycle: Record<string, unknown> = { id: 1 };
    cycle.self = cycle;
    const masked = maskFields({ cycle, bytes: Buffer.from('hello'), map: new Map(), at: new Date(0), credits: 5n });
    expect(masked).toMatchObject({ bytes: '<5 bytes>', map: '<Map>', at: '1970-01-01T00:00:00.000Z', credits: '5' });
    expect(JSON.stringify(masked)).toContain('<deep>');
  });

  test('long lists and texts are cut', () => {
    const { ids, note } = maskFields({ ids: Array.from({ length: 60 }, (_, i) => i), note: 'x '.repeat(5000) }) as {
      ids: unknown[];
      note: string;
    };
    expect(ids).toHaveLength(51);
    expect(ids.at(-1)).toBe('<10 more>');
    expect(note.endsWith('<5904 more>')).toBe(true);
  });
});

test.each([
  ['connect postgres://app:hunter2@db/x failed', 'connect postgres://***@db/x failed'],
  ['Authorization: Bearer abc.def', 'Authorization: *** ***'],
  ['smsKey=hunter2&to=x', 'smsKey=***&to=x'],
  ['{"password":"hunter2","a":1}', '{"password":"***","a":1}'],
  ['number +15551234567 refused', 'number +1555***67 refused'],
  ['number +1 555 123-4567 refused', 'number +1555***67 refused'],
  ['signed with whsec_MfKQ9r8GKYqrTwjUPD8I', 'signed with <secret>'],
  [`key ${'0a'.repeat(32)} unknown`, 'key <secret> unknown'],
  ['nothing to hide', 'nothing to hide'],
])('scrub: %s', (text, scrubbed) => {
  expect(scrub(text)).toBe(scrubbed);
});

test('prose loses bare numbers too, but not what is part of a word', () => {
  expect(scrubProse('from 15551234567 as m01551234567890x')).toBe('from 1555***67 as m01551234567890x');
});

test('scrub: 4 kB that nearly match every pattern, done in linear time', () => {
  const nearly = [
    'key'.repeat(1400),
    '+1'.repeat(2000),
    '://'.repeat(1300),
    'a'.repeat(4000),
    `password${' '.repeat(4000)}`,
    'basic '.repeat(700),
  ];
  const startMs = performance.now();
  for (const text of nearly) scrubProse(text);
  expect(performance.now() - startMs).toBeLessThan(200);
});

test('an error keeps its kind and code; its message, stack and cause are scrubbed', () => {
  const error = Object.assign(new TypeError('refused +15551234567', { cause: new Error('password=hunter2') }), {
    code: 'E1',
    detail: 'Key (phone)=(15551234567)',
  });
  const masked = maskError(error);
  expect(masked).toMatchObject({ type: 'TypeError', message: 'refused +1555***67', code: 'E1', cause: { message: 'password=***' } });
  expect(JSON.stringify(masked)).not.toMatch(/5551234567|hunter2/);
});
