import { expect, test } from '@jest/globals';
import { helpRows, readArguments } from './arguments.ts';

const options = {
  url: { type: 'string', argument: 'URL', help: 'of http-api' },
  passwords: { type: 'string', argument: 'hash|plain', default: 'hash', help: 'what they are' },
  json: { type: 'boolean', help: 'for a program' },
} as const;

test('arguments that fit the table are read by it', () => {
  const read = readArguments({ args: ['--url', 'x', '--json'], options });
  expect(read).toMatchObject({ values: { url: 'x', json: true, passwords: 'hash' } });
});

test.each([
  ['an option that is not in the table', ['--none'], "Unknown option '--none'"],
  ['an option without its value', ['--url'], "Option '--url <value>' argument missing"],
  ['a word that no option takes', ['users.csv'], 'Unexpected argument'],
])('%s is said in words for people', (_, args, message) => {
  expect(readArguments({ args, options })).toEqual(expect.stringContaining(message));
});

test('the help has a row for each option, with its value and what it is without one, texts below one another', () => {
  expect(helpRows(options)).toEqual([
    '  --url URL               of http-api',
    '  --passwords hash|plain  what they are [hash]',
    '  --json                  for a program',
  ]);
});
