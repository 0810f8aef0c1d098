import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskFields, scrubProse } from './mask.ts';

// Whatever shape it is wrapped in, what stands under a masked key is not printed, and nothing throws. fast-check prints seed and input.
const canary = '15551234567';
const masked = fc.constantFrom(
  'to',
  'From',
  'sms_key',
  'PASSWORD',
  'x-api-key',
  'text',
  'body',
  'recipients',
  'authorization',
  'webhookSecret',
);
const harmless = fc.constantFrom('id', 'stage', 'ms', 'state', 'nested', 'message');

const { value } = fc.letrec<{ value: unknown; inside: unknown }>((tie) => ({
  inside: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(canary, `+${canary}`, `x ${canary} y`, BigInt(canary), Number(canary)),
    fc.array(tie('inside'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(masked, harmless), tie('inside'), { maxKeys: 3 }),
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.constantFrom(
      null,
      undefined,
      true,
      7,
      7n,
      Number.NaN,
      Symbol.iterator,
      () => 1,
      new Date(Number.NaN),
      Object.create(null) as object,
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(harmless, tie('value'), { maxKeys: 3 }),
    fc.dictionary(masked, tie('inside'), { maxKeys: 3 }),
  ),
}));

test('fields of any shape: printable, and without what stands under a masked key', () => {
  fc.assert(
    fc.property(value, (any) => {
      expect(JSON.stringify(maskFields({ any })) ?? '').not.toContain(canary);
    }),
    { numRuns: 2000 },
  );
});

test('prose of any shape: a number in it is not printed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(' ', '\n', '"', "'", '(', '<', ','), (around, edge) => {
      expect(scrubProse(`${around}${edge}${canary}${edge}${around}`)).not.toContain(canary);
    }),
    { numRuns: 2000 },
  );
});
