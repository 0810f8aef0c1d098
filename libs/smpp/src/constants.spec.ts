import { expect, test } from '@jest/globals';
import { commandIds, commandOfId, isResponseId, statusName } from './constants.ts';

test('every response is its request with the top bit set (§5.1.2)', () => {
  for (const [name, id] of Object.entries(commandIds)) {
    expect(commandOfId(id)).toBe(name);
    expect(isResponseId(id)).toBe(name.endsWith('_resp') || name === 'generic_nack');
    if (name.endsWith('_resp')) expect(id - 0x80000000).toBe(commandIds[name.slice(0, -5) as keyof typeof commandIds]);
  }
});

test('a status is told by its name, one without a name in hex', () => {
  expect([0, 0x58, 0xff, 0x455].map(statusName)).toEqual(['ESME_ROK', 'ESME_RTHROTTLED', 'ESME_RUNKNOWNERR', '0x00000455']);
});
