import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonFault } from './json-fault.ts';

describe('the fault of a text that is not JSON', () => {
  it.each([
    ['', 1, 1, 'the text ends where a value must come'],
    ['{"to":', 1, 7, 'the text ends where a value must come'],
    ['{"to":"+31612345678",}', 1, 22, 'something else stands where a name in double quotes must come'],
    ['{"to" "+31"}', 1, 7, 'something else stands where a colon must come'],
    ["{'to':1}", 1, 2, 'something else stands where a name in double quotes or } must come'],
    ['{"to":hello}', 1, 7, 'something else stands where a value must come'],
    ['{"a":1 "b":2}', 1, 8, 'something else stands where a comma or } must come'],
    ['[1,2', 1, 5, 'the text ends where a comma or ] must come'],
    ['{"a":[1}', 1, 8, 'something else stands where a comma or ] must come'],
    ['{} {}', 1, 4, 'something else stands where the end of the text must come'],
    ['{\n  "to": "x",\n  "text": "a\nb"\n}', 3, 11, 'a string that is not well-formed stands where a value must come'],
    ['{"😀": nope}', 1, 7, 'something else stands where a value must come'],
    ['01', 1, 2, 'something else stands where the end of the text must come'],
    ['"\\x"', 1, 1, 'a string that is not well-formed stands where a value must come'],
  ])('%j', (text, line, column, what) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFault(text)).toEqual({ line, column, what });
  });

  it('is found in what JSON.parse refuses, and only there', () => {
    const mutated = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '{', '}', '[', ']', '"', ':', ' ', '\n', '1', 'x', '\\'))
      .map(([text, at, by]) => text.slice(0, at % (text.length + 1)) + by + text.slice((at % (text.length + 1)) + 1));
    fc.assert(
      fc.property(mutated, (text) => {
        expect(jsonFault(text).what === 'nothing is wrong').toBe(isJson(text));
      }),
      { seed: 20261120, numRuns: 1_000 },
    );
  });

  it('does not care how long a string is', () => {
    // V8's regular expressions run out of stack before
    const long = `"${'a'.repeat(20_000_000)}`;
    expect(jsonFault(long)).toMatchObject({ column: 1 });
    expect(jsonFault(`${long}"x`)).toMatchObject({ line: 1, column: 20_000_003 });
  });

  it('does not care how deep the text goes', () => {
    expect(jsonFault('['.repeat(500_000)).column).toBe(500_001);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
