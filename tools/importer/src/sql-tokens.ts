/** A piece of SQL. Names and texts are without their quotes. */
export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'sign';
  readonly value: string;
  readonly line: number;
}

export interface CopyBlock {
  readonly kind: 'copy';
  readonly line: number;
  /** Lines between `FROM stdin;` and `\.`. */
  readonly rows: readonly string[];
}

interface Rule {
  readonly pattern: RegExp;
  /** Without one: nothing, such as a comment. */
  readonly token?: (match: RegExpExecArray) => Omit<Token, 'line'>;
}

/** In this order. A text may have a prefix: N (SQL Server, Unicode), E (PostgreSQL, with backslashes). */
const rules: readonly Rule[] = [
  { pattern: /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y },
  { pattern: /E'((?:[^'\\]|''|\\[\s\S])*)'/iy, token: ([, text]) => ({ kind: 'text', value: unescaped(text ?? '') }) },
  { pattern: /N?'((?:[^']|'')*)'/iy, token: ([, text]) => ({ kind: 'text', value: (text ?? '').replaceAll("''", "'") }) },
  { pattern: /"((?:[^"]|"")*)"|\[((?:[^\]]|\]\])*)\]|`([^`]*)`/y, token: ([, a, b, c]) => ({ kind: 'name', value: a ?? b ?? c ?? '' }) },
  { pattern: /[-+]?\d+(?:\.\d+)?/y, token: ([value]) => ({ kind: 'number', value }) },
  { pattern: /[A-Za-z_@#][\w@#$]*/y, token: ([value]) => ({ kind: 'word', value }) },
  { pattern: /[\s\S]/y, token: ([value]) => ({ kind: 'sign', value }) },
];

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** The tokens of a dump; what COPY brings is one of them. Never fails: what is no SQL is signs. */
export function tokensOf(sql: string): (Token | CopyBlock)[] {
  const tokens: (Token | CopyBlock)[] = [];
  let at = 0;
  let line = 1;
  const pass = (text: string): void => {
    at += text.length;
    line += text.split('\n').length - 1;
  };
  while (at < sql.length) {
    const begun = line;
    for (const { pattern, token } of rules) {
      pattern.lastIndex = at;
      const match = pattern.exec(sql);
      if (!match) continue;
      pass(match[0]);
      if (token) tokens.push({ ...token(match), line: begun });
      break;
    }
    if (!endsCopyStatement(tokens)) continue;
    pass(/[^\n]*\n?/y.exec(sql.slice(at))?.[0] ?? '');
    const end = /^\\\.\r?$/m.exec(sql.slice(at));
    const data = sql.slice(at, end ? at + end.index : undefined);
    tokens.push({ kind: 'copy', line, rows: data.replaceAll('\r', '').replace(/\n$/, '').split('\n') });
    pass(data + (end?.[0] ?? ''));
  }
  return tokens;
}

/** `… FROM stdin;`, or with options: `… FROM stdin WITH (…);`. */
function endsCopyStatement(tokens: readonly (Token | CopyBlock)[]): boolean {
  const last = tokens.at(-1);
  if (last?.kind !== 'sign' || last.value !== ';') return false;
  const begun = tokens.findLastIndex((token) => token !== last && token.kind === 'sign' && token.value === ';');
  const statement = tokens.slice(begun + 1).filter((token) => token.kind !== 'copy');
  return isWord(statement[0], 'COPY') && statement.some((token, i) => isWord(token, 'stdin') && isWord(statement[i - 1], 'FROM'));
}

export function isWord(token: Token | CopyBlock | undefined, word: string): boolean {
  return token?.kind === 'word' && token.value.toUpperCase() === word.toUpperCase();
}

function unescaped(text: string): string {
  return text.replaceAll("''", "'").replaceAll(/\\([\s\S])/g, (_, character: string) => escapes[character] ?? character);
}
