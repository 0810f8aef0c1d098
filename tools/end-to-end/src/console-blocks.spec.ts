import { describe, expect, it } from '@jest/globals';
import { compareAnswer, examplesOf, isLookingOnly } from './console-blocks.ts';

const page = `# A page

\`\`\`console
$ npm start
ready

$ curl http://one -d '{
  "a": 1}'
{"b":
 2}

$ curl http://two \\
  -H 'X: y'
\`\`\`

\`\`\`sh
$ curl http://no
\`\`\`
`;

it('takes the curls of console blocks, over several lines, with the answers below them', () => {
  expect(examplesOf(page)).toEqual([
    { line: 7, command: 'curl http://one -d \'{\n  "a": 1}\'', shown: '{"b":\n 2}' },
    { line: 12, command: "curl http://two \\\n  -H 'X: y'", shown: '' },
  ]);
});

it.each([
  ["curl http://x -H 'A: b'", true],
  ["curl http://x -d '{}'", false],
  ['curl -X DELETE http://x', false],
])('%s only looks: %s', (command, expected) => {
  expect(isLookingOnly(command)).toBe(expected);
});

const [id, otherId] = ['01a1f804d057786bbdfa868ba45dc62d', '01a1f808e4917d73bffabaac78a0f0ee'];

describe('an answer is as shown', () => {
  it.each([
    ['with another id', `{"id":"${id}"}`, `{"id":"${otherId}"}`],
    ['with an id inside', `{"at":"/v1/messages/${id}"}`, `{"at":"/v1/messages/${otherId}"}`],
    ['at another time', '{"at":"2026-11-20T08:13:47.479Z"}', '{"at":"2027-01-01T00:00:00Z"}'],
    ['with another number', '{"n":1,"credits":"1.000000","code":"000"}', '{"n":22,"credits":"999.500000","code":"7"}'],
    ['with its fields in another order', '{"a":"x","b":true}', '{"b":true,"a":"x"}'],
    ['with what is cut off', '{"secret":"6f0c…"}', '{"secret":"abcdef"}'],
    ['with more headers', 'HTTP/1.1 202 Accepted\nlocation: /x\n\n{}', 'HTTP/1.1 202 Accepted\r\nDate: now\r\nLocation: /x\r\n\r\n{}'],
  ])('%s', (_, shown, actual) => {
    expect(compareAnswer(shown, actual).difference).toBeUndefined();
  });
});

describe('an answer is not as shown', () => {
  it.each([
    ['with a field less', '{"a":"x","b":1}', '{"a":"x"}'],
    ['with a field more', '{"a":"x"}', '{"a":"x","b":1}'],
    ['with another word', '{"state":"accepted"}', '{"state":"routed"}'],
    ['with another status', '{"status":422}', '{"status":500}'],
    ['with another type', '{"a":1}', '{"a":"1"}'],
    ['with null', `{"next":null}`, `{"next":"${id}"}`],
    ['with fewer of them', '{"a":[1,2]}', '{"a":[1]}'],
    ['with a number of another handset', '{"to":"+15551234567"}', '{"to":"+15551234568"}'],
    ['with another status line', 'HTTP/1.1 202 Accepted\n\n{}', 'HTTP/1.1 200 OK\r\n\r\n{}'],
    ['without a header', 'HTTP/1.1 200 OK\na: b\n\n{}', 'HTTP/1.1 200 OK\r\n\r\n{}'],
    ['with no JSON', '{"a":1}', '<html>'],
  ])('%s', (_, shown, actual) => {
    expect(compareAnswer(shown, actual).difference).toBeDefined();
  });
});

it('says what stands for the ids that are shown', () => {
  expect([...compareAnswer(`{"id":"${id}","next":"abc"}`, `{"id":"${otherId}","next":"def"}`).found]).toEqual([
    [id, otherId],
    ['abc', 'def'],
  ]);
});
