/** Where a text stops being JSON. Lines and columns count from 1, columns in characters as an editor shows them. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

/** One token of RFC 8259 §2; the groups: punctuation, string, number, word. */
const token =
  /[ \t\n\r]*(?:([{}[\]:,])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

type Expected = 'value' | 'value or ]' | 'name or }' | 'name' | ':' | ', or }' | ', or ]' | 'end';

/**
 * The first fault of a text that JSON.parse has refused. V8's own message has a position only sometimes, and quotes the text, which belongs in
 * no log. Walks the tokens with a stack of open brackets: depth costs memory, not stack.
 */
export function jsonFault(text: string): JsonFault {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  token.lastIndex = 0;
  for (;;) {
    const at = skipSpace(text, token.lastIndex);
    if (at === text.length)
      return faultAt(text, at, expected === 'end' ? 'nothing is wrong' : `the text ends where ${words[expected]} must come`);
    token.lastIndex = at;
    const [whole, mark, string] = token.exec(text) ?? [];
    const next: Expected | undefined =
      whole === undefined ? undefined : after(expected, mark ?? (string === undefined ? 'scalar' : 'string'), open);
    if (next === undefined) {
      const found = whole === undefined && text[at] === '"' ? 'a string that is not well-formed stands' : 'something else stands';
      return faultAt(text, at, `${found} where ${words[expected]} must come`);
    }
    expected = next;
  }
}

const words: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  'name or }': 'a name in double quotes or }',
  name: 'a name in double quotes',
  ':': 'a colon',
  ', or }': 'a comma or }',
  ', or ]': 'a comma or ]',
  end: 'the end of the text',
};

/** What must come after this token; undefined when it must not stand here. */
function after(expected: Expected, found: string, open: ('{' | '[')[]): Expected | undefined {
  const takesValue = expected === 'value' || expected === 'value or ]';
  if (found === '{' || found === '[') {
    if (!takesValue) return undefined;
    open.push(found);
    return found === '{' ? 'name or }' : 'value or ]';
  }
  if (found === '}' || found === ']') {
    if (!expected.endsWith(`or ${found}`)) return undefined;
    open.pop();
    return afterValue(open);
  }
  if (found === ',') return expected === ', or }' ? 'name' : expected === ', or ]' ? 'value' : undefined;
  if (found === ':') return expected === ':' ? 'value' : undefined;
  if (takesValue) return afterValue(open);
  return found === 'string' && (expected === 'name' || expected === 'name or }') ? ':' : undefined;
}

function afterValue(open: readonly ('{' | '[')[]): Expected {
  const innermost = open.at(-1);
  return innermost === undefined ? 'end' : innermost === '{' ? ', or }' : ', or ]';
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at++;
  return at;
}

function faultAt(text: string, at: number, what: string): JsonFault {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1, what };
}
