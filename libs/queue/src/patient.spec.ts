import { expect, test } from '@jest/globals';
import { JetStreamApiError } from '@nats-io/jetstream';
import { patiently } from './patient.ts';

const said = (code: number) => new JetStreamApiError({ code, err_code: 1, description: String(code) });

test('what is not answered, or cannot be done now, is asked again', async () => {
  const errors = [new Error('timeout'), said(503)];
  const ask = () => (errors.length > 0 ? Promise.reject(errors.shift()) : Promise.resolve('answer'));
  expect(await patiently(ask)).toBe('answer');
});

test('a refusal is final, and patience has an end', async () => {
  await expect(patiently(() => Promise.reject(said(400)))).rejects.toThrow('400');
  await expect(patiently(() => Promise.reject(new Error('timeout')), -1)).rejects.toThrow('timeout');
});
