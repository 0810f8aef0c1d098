import { describe, expect, test } from '@jest/globals';
import { lineSplitter, shortLine } from './log-lines.ts';

describe('what the terminal shows of a log line', () => {
  test.each([
    ['a warning', '{"level":"warn","time":1,"msg":"slow provider"}', 'stdout', 'router warn: slow provider'],
    [
      'an error with its cause',
      '{"level":"error","msg":"not stored","err":{"message":"disk full"}}',
      'stdout',
      'router error: not stored (disk full)',
    ],
    ['an error that is its cause', '{"level":"fatal","msg":"bug","err":{"message":"bug"}}', 'stdout', 'router fatal: bug'],
    ['nothing of an info line', '{"level":"info","msg":"ready"}', 'stdout', undefined],
    ['nothing of what is not a log line', 'hello', 'stdout', undefined],
    ["the runtime's own words", 'FATAL ERROR: heap out of memory', 'stderr', 'router: FATAL ERROR: heap out of memory'],
    ['a stack frame that looks like JSON', '{ code: 1 }', 'stderr', 'router: { code: 1 }'],
    ['no empty lines', '', 'stderr', undefined],
  ] as const)('%s', (_, line, stream, shown) => {
    expect(shortLine('router', line, stream)).toBe(shown);
  });
});

test('a stream cut anywhere gives the same lines, the unfinished last one included', () => {
  const text = 'one\n\ntwo\nthree';
  for (let cut = 0; cut <= text.length; cut++) {
    const lines: string[] = [];
    const splitter = lineSplitter((line) => lines.push(line));
    splitter.write(text.slice(0, cut));
    splitter.write(text.slice(cut));
    splitter.flush();
    expect(lines).toEqual(['one', '', 'two', 'three']);
  }
});
