import { expect, it } from '@jest/globals';
import { signingSecrets } from './snapshot.ts';

const at = (ms: number) => new Date(ms);

it.each<[name: string, secrets: string[], oldUntil: Date[], signing: string[]]>([
  ['none without any', [], [], []],
  ['the only one', ['a'], [], ['a']],
  ['an old one whose grace lasts', ['a', 'b'], [at(1_001)], ['a', 'b']],
  ['no old one whose grace has ended', ['a', 'b'], [at(1_000)], ['a']],
  ['each old one by its own time', ['a', 'b', 'c', 'd'], [at(2_000), at(900), at(1_500)], ['a', 'b', 'd']],
  ['no old one of which nobody says until when', ['a', 'b'], [], ['a']],
])('of the secrets of a webhook sign: %s', (_, secrets, oldUntil, signing) => {
  const webhook = { tenantId: 'acme', url: '', enabled: true, secrets, oldUntil };
  expect(signingSecrets(webhook, 1_000).map(({ sealed }) => sealed)).toEqual(signing);
});
