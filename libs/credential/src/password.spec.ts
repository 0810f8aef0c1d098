import { beforeAll, describe, expect, test } from '@jest/globals';
import { hashPassword, verifyNothing, verifyPassword } from './index.ts';
import { createPasswordGate, decoy } from './password.ts';

let verifier = '';

beforeAll(async () => {
  verifier = await hashPassword('correct horse');
});

describe('hashPassword', () => {
  test('gives an argon2id PHC string with the documented cost', () => {
    expect(verifier).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  });

  test('salts: the same password is another string each time', async () => {
    expect(await hashPassword('correct horse')).not.toBe(verifier);
  });
});

describe('verifyPassword', () => {
  test('the password: true; any other: false', async () => {
    expect(await verifyPassword(verifier, 'correct horse')).toBe(true);
    expect(await verifyPassword(verifier, 'Correct horse')).toBe(false);
    expect(await verifyPassword(verifier, '')).toBe(false);
  });

  test.each([
    '',
    'plain',
    '$argon2id$',
    '$argon2id$v=19$m=19456,t=2,p=1$AAAA$BBBB',
    '$argon2id$v=19$m=4194304,t=2,p=1$8ZljOj/6E9UcYS8xVKLqpA$kdsDaV8quojRiRgr4tCQPSw//G/WcA+6Kz7HK5b2TIw',
    '$argon2id$v=19$m=19456,t=9999999,p=1$8ZljOj/6E9UcYS8xVKLqpA$kdsDaV8quojRiRgr4tCQPSw//G/WcA+6Kz7HK5b2TIw',
    '$2b$12$unknownunknownunknownunknownunknownunknownunknownunk',
  ])('malformed, ruinous or unknown verifier %j: false', async (malformed) => {
    expect(await verifyPassword(malformed, 'correct horse')).toBe(false);
  });
});

describe('verifyNothing', () => {
  test('is false, and works as hard as a real check', async () => {
    expect(await verifyNothing('correct horse')).toBe(false);
    const costOf = (phc: string) => phc.split('$').slice(0, 4).join('$');
    expect(costOf(decoy)).toBe(costOf(verifier));
    expect(decoy).toHaveLength(verifier.length);
  });
});

describe('a gate', () => {
  test('full, refuses as busy at once; those before are answered', async () => {
    const gate = createPasswordGate({ concurrent: 1, waitingMax: 1 });
    const running = gate.verifyPassword(verifier, 'correct horse');
    const waiting = gate.verifyPassword(verifier, 'wrong');
    expect(await Promise.race([gate.verifyPassword(verifier, 'correct horse'), running])).toBeUndefined();
    expect(await gate.verifyNothing()).toBeUndefined();
    expect(await Promise.all([running, waiting])).toEqual([true, false]);
  });

  test('free again, checks again: no place is lost, malformed verifiers included', async () => {
    const gate = createPasswordGate({ concurrent: 1, waitingMax: 2 });
    for (let round = 0; round < 3; round++) {
      const checks = [gate.verifyPassword('junk', 'x'), gate.verifyPassword(verifier, 'correct horse'), gate.verifyNothing()];
      expect(await Promise.all(checks)).toEqual([false, true, false]);
    }
  });

  test('answers in the order of asking', async () => {
    const gate = createPasswordGate({ concurrent: 1, waitingMax: 3 });
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3].map((index) => gate.verifyNothing().then(() => order.push(index))));
    expect(order).toEqual([0, 1, 2, 3]);
  });
});
