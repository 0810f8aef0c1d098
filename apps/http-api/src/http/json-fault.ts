/** Where a text stops being JSON. Lines and columns count from 1, columns in characters as an editor shows them. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

/** One token of RFC 8259 §2 but a string; the groups: punctuation, number, word. */
const token = /([{}[\]:,])|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/y;
/** The most of a string at once: a regular expression that repeats a choice for megabytes runs out of stack. */
const stringPart = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,10000}/y;

type Expected = 'value' | 'value or ]' | 'name or }' | 'name' | ':' | ', or }' | ', or ]' | 'end';

/**
 * The first fault of a text that JSON.parse has refused. V8's own message has a position only sometimes, and quotes the text, which belongs in
 * no log. Walks the tokens with a stack of open brackets: depth costs memory, not stack.
 */
export function jsonFault(text: string): JsonFault {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let from = 0;
  for (;;) {
    const at = skipSpace(text, from);
    if (at === text.length)
      return faultAt(text, at, expected === 'end' ? 'nothing is wrong' : `the text ends where ${words[expected]} must come`);
    const found = tokenAt(text, at);
    const next: Expected | undefined = found && after(expected, found.kind, open);
    if (!found || next === undefined) {
      const what = !found && text[at] === '"' ? 'a string that is not well-formed stands' : 'something else stands';
      return faultAt(text, at, `${what} where ${words[expected]} must come`);
    }
    expected = next;
    from = found.end;
  }
}

/** undefined: none begins there. The kind of punctuation is itself. */
function tokenAt(text: string, at: number): { readonly kind: string; readonly end: number } | undefined {
  if (text[at] === '"') {
    let end = at + 1;
    for (stringPart.lastIndex = end; stringPart.test(text); end = stringPart.lastIndex);
    return text[end] === '"' ? { kind: 'string', end: end + 1 } : undefined;
  }
  token.lastIndex = at;
  const [whole, mark] = token.exec(text) ?? [];
  return whole === undefined ? undefined : { kind: mark ?? 'scalar', end: at + whole.length };
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

/** Counts without copying: a body may have tens of megabytes in one line, or as many lines. */
function faultAt(text: string, at: number, what: string): JsonFault {
  let line = 1;
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', end + 1)) line++;
  let column = 1;
  for (let i = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1; i < at; i += (text.codePointAt(i) as number) > 0xffff ? 2 : 1) column++;
  return { line, column, what };
}
