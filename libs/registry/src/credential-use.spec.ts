import { expect, test } from '@jest/globals';
import { createCredentialUses, type CredentialsUsed, type CredentialUse } from './credential-use.ts';

/** Somebody who answers as long as `answers` says so, and what he was told. */
function listener() {
  const heard: CredentialUse[][] = [];
  const one = {
    heard,
    answers: true,
    async ask(_subject: string, question: object) {
      if (!one.answers) return undefined;
      heard.push([...(question as CredentialsUsed).uses]);
      return {};
    },
  };
  return one;
}

const hour = 3_600_000;

test('each credential is told once, with its last use; nothing is told twice', async () => {
  const { ask, heard } = listener();
  let atMs = 1;
  const uses = createCredentialUses({ ask, everyMs: hour, now: () => atMs++ });
  uses.saw('a', '192.0.2.1');
  uses.saw('b', '192.0.2.2');
  uses.saw('a', '192.0.2.3');
  await uses.tell();
  await uses.stop();
  expect(heard).toEqual([
    [
      { credential: 'a', atMs: 3, address: '192.0.2.3' },
      { credential: 'b', atMs: 2, address: '192.0.2.2' },
    ],
  ]);
});

test('what nobody heard is told the next time, unless there is something newer', async () => {
  const to = listener();
  let atMs = 1;
  const uses = createCredentialUses({ ask: to.ask, everyMs: hour, now: () => atMs++ });
  uses.saw('a', '192.0.2.1');
  uses.saw('b', '192.0.2.1');
  to.answers = false;
  await uses.tell();
  uses.saw('a', '192.0.2.2');
  to.answers = true;
  await uses.stop();
  expect(to.heard.flat().toSorted((one, other) => one.credential.localeCompare(other.credential))).toEqual([
    { credential: 'a', atMs: 3, address: '192.0.2.2' },
    { credential: 'b', atMs: 2, address: '192.0.2.1' },
  ]);
});

test('who uses one all the time is told each time; many are told in several questions', async () => {
  const { ask, heard } = listener();
  const bound = Array.from({ length: 6_000 }, (_, i) => ({ credential: `c${i}`, address: '192.0.2.1' }));
  const uses = createCredentialUses({ ask, inUse: () => bound, everyMs: hour, now: () => 1 });
  await uses.tell();
  await uses.stop();
  expect(heard.map(({ length }) => length)).toEqual([5_000, 1_000, 5_000, 1_000]);
});
