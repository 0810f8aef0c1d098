import { expect, test } from '@jest/globals';
import { createOptOutTable } from './opt-out-table.ts';

test.each<[what: string, senders: string[], recipient: string, expected: boolean]>([
  ['the number that was written to', ['+31201234567'], '31612345678', true],
  ['the same without its plus sign', ['31201234567'], '31612345678', true],
  ['a name, whatever its case', ['SHOP'], '31612345678', true],
  ['another number', ['+31201234568'], '31612345678', false],
  ['another recipient', ['+31201234567'], '31612345679', false],
  ['one of two senders', ['other', 'Shop'], '31612345678', true],
  ['no sender: whichever number the provider takes', [''], '31612345678', true],
  ['no sender, a recipient who stopped none', [''], '31612345679', false],
  ['a recipient who stopped all', ['anything'], '4712345678', true],
  ['a recipient with a zero in front', ['shop'], '031612345678', false],
  ['what is no number', ['shop'], 'shop', false],
  ['a number of more than 15 digits', ['shop'], '3161234567831612', false],
])('opt-outs: %s', (_, senders, recipient, expected) => {
  const table = createOptOutTable();
  table.put('acme', '31201234567', '31612345678');
  table.put('acme', 'shop', '31612345678');
  table.put('acme', '*', '4712345678');
  table.put('acme', 'shop', '3161234567831612');
  expect(table.size).toBe(3);
  expect(table.has('acme', senders, recipient)).toBe(expected);
  expect(table.has('other', senders, recipient)).toBe(false);
});

test('what is put twice is there once, and what is removed is gone', () => {
  const table = createOptOutTable();
  table.put('acme', 'shop', '1');
  table.put('acme', 'shop', '1');
  expect(table.size).toBe(1);
  table.remove('acme', 'shop', '2');
  table.remove('other', 'shop', '1');
  table.remove('acme', 'shop', '1');
  table.remove('acme', 'shop', '1');
  expect([table.size, table.has('acme', ['shop'], '1')]).toEqual([0, false]);
});

test('the table agrees with a set over any sequence of puts and removals', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % n;
  };
  const table = createOptOutTable();
  const set = new Set<string>();
  for (let i = 0; i < 100_000; i++) {
    const [tenant, sender, recipient] = [`t${below(3)}`, `s${below(3)}`, `${below(2_000)}`];
    const key = `${tenant} ${sender} ${recipient}`;
    if (below(3) === 0) {
      table.remove(tenant, sender, recipient);
      set.delete(key);
    } else {
      table.put(tenant, sender, recipient);
      set.add(key);
    }
  }
  const found: string[] = [];
  for (let tenant = 0; tenant < 3; tenant++)
    for (let sender = 0; sender < 3; sender++)
      for (let recipient = 0; recipient < 2_000; recipient++)
        if (table.has(`t${tenant}`, [`s${sender}`], `${recipient}`)) found.push(`t${tenant} s${sender} ${recipient}`);
  expect({ seed, size: table.size, found: found.sort() }).toEqual({ seed, size: set.size, found: [...set].sort() });
});
