import { columnsOf, columnsOfTable, userOfValues, type Columns } from './columns.ts';
import { isWord, tokensOf, type CopyBlock, type Token } from './sql-tokens.ts';
import type { LineProblem, RawUser, RawUsers } from './users.ts';

const table = 'smppserverusers';

type Any = Token | CopyBlock;

/**
 * The rows that a dump of PostgreSQL or SQL Server puts into `SmppServerUsers`, by INSERT or COPY; every other statement is passed over. What
 * is about the table and cannot be read is a problem, so that no user is lost in silence.
 */
export function readSql(text: string): RawUsers {
  const users: RawUser[] = [];
  const problems: LineProblem[] = [];
  const tokens = tokensOf(text);
  let seen = false;
  for (let i = 0; i < tokens.length; i++) {
    const statement = isWord(tokens[i], 'INSERT') ? readInsert : isWord(tokens[i], 'COPY') ? readCopy : undefined;
    const target = statement && readTarget(tokens, isWord(tokens[i + 1], 'INTO') ? i + 2 : i + 1);
    if (!statement || !target || target.table !== table) continue;
    seen = true;
    const { line } = tokens[i] as Any;
    if (!target.columns) {
      problems.push({ line, message: 'the columns of this statement have no SystemID, or no PasswordHash' });
      continue;
    }
    const read = statement(tokens, target.next, target.columns);
    users.push(...read.users);
    problems.push(...read.problems);
  }
  if (!seen) problems.push({ line: 1, message: 'nothing here puts rows into SmppServerUsers (INSERT … VALUES or COPY … FROM stdin)' });
  return { users, problems };
}

interface Target {
  /** Lower case, without its schema. */
  readonly table: string;
  /** Undefined: their names do not say who, or not with which secret. */
  readonly columns: Columns | undefined;
  /** Where the statement goes on. */
  readonly next: number;
}

/** `[dbo].[SmppServerUsers] (a, b)`; without the columns they are the table's. */
function readTarget(tokens: readonly Any[], from: number): Target | undefined {
  let at = from;
  let name = nameAt(tokens, at);
  while (name !== undefined && isSign(tokens[at + 1], '.')) {
    at += 2;
    name = nameAt(tokens, at);
  }
  if (name === undefined) return undefined;
  at++;
  if (!isSign(tokens[at], '(')) return { table: name.toLowerCase(), columns: columnsOfTable, next: at };
  const end = tokens.findIndex((token, i) => i > at && isSign(token, ')'));
  const names = tokens
    .slice(at + 1, end < 0 ? undefined : end)
    .flatMap((token) => (token.kind === 'word' || token.kind === 'name' ? [token.value] : []));
  return { table: name.toLowerCase(), columns: columnsOf(names), next: end < 0 ? tokens.length : end + 1 };
}

function readInsert(tokens: readonly Any[], from: number, columns: Columns): RawUsers {
  const problems: LineProblem[] = [];
  const users: RawUser[] = [];
  if (!isWord(tokens[from], 'VALUES')) {
    const { line } = tokens[from - 1] as Any;
    return { users, problems: [{ line, message: 'this INSERT has no VALUES: its rows are not in the file' }] };
  }
  let at = from + 1;
  while (isSign(tokens[at], '(')) {
    const { values, next } = readTuple(tokens, at);
    const { line } = tokens[at] as Any;
    if (values && values.length === columns.length) users.push(userOfValues(values, columns, line));
    else
      problems.push({
        line,
        message: values
          ? `the row has ${values.length} values instead of ${columns.length}`
          : 'the row has a value that is no text, number or NULL',
      });
    at = isSign(tokens[next], ',') ? next + 1 : next;
  }
  return { users, problems };
}

/** `(N'Test1', 10, NULL, CAST(5 AS int))`. Values undefined: one of them is more than we understand. */
function readTuple(tokens: readonly Any[], from: number): { values: (string | undefined)[] | undefined; next: number } {
  const values: (string | undefined)[] = [];
  let understood = true;
  let depth = 1;
  let value: Token[] = [];
  const close = (): void => {
    const one = valueOf(value);
    understood &&= one !== 'unknown';
    values.push(one === 'unknown' ? undefined : one.value);
    value = [];
  };
  for (let at = from + 1; at < tokens.length; at++) {
    const token = tokens[at] as Any;
    if (token.kind === 'copy') break;
    if (isSign(token, '(')) depth++;
    if (isSign(token, ')')) depth--;
    if (depth === 0) {
      close();
      return { values: understood ? values : undefined, next: at + 1 };
    }
    if (depth === 1 && isSign(token, ',')) close();
    else value.push(token);
  }
  return { values: undefined, next: tokens.length };
}

/** A literal, with a cast of PostgreSQL (`'5'::integer`) or one of the standard (`CAST(5 AS int)`). */
function valueOf(tokens: readonly Token[]): { value: string | undefined } | 'unknown' {
  const [first, second, third] = tokens;
  if (isWord(first, 'CAST') && isSign(second, '(') && third) return literalOf(third);
  if (first && (tokens.length === 1 || isSign(second, ':'))) return literalOf(first);
  return 'unknown';
}

function literalOf(token: Token): { value: string | undefined } | 'unknown' {
  if (token.kind === 'text' || token.kind === 'number') return { value: token.value };
  return isWord(token, 'NULL') ? { value: undefined } : 'unknown';
}

function readCopy(tokens: readonly Any[], from: number, columns: Columns): RawUsers {
  const at = tokens.findIndex((token, i) => i >= from && (token.kind === 'copy' || isSign(token, ';')));
  const block = isSign(tokens[at], ';') ? tokens[at + 1] : tokens[at];
  const plain = tokens.slice(from, at).every((token) => !isWord(token, 'WITH') && !isSign(token, '('));
  if (block?.kind !== 'copy' || !plain) {
    const { line } = tokens[from - 1] as Any;
    return { users: [], problems: [{ line, message: 'this COPY is not in the text form from stdin' }] };
  }
  const rows = block.rows
    .map((row, i) => ({ line: block.line + i, values: row.split('\t').map(copyValue) }))
    .filter((_, i) => block.rows[i] !== '');
  return {
    users: rows.filter(({ values }) => values.length === columns.length).map(({ values, line }) => userOfValues(values, columns, line)),
    problems: rows
      .filter(({ values }) => values.length !== columns.length)
      .map(({ values, line }) => ({ line, message: `the row has ${values.length} values instead of ${columns.length}` })),
  };
}

const copyEscapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', v: '\v' };

/** Text format of COPY (PostgreSQL manual, "COPY", File Formats): `\N` is NULL. */
function copyValue(text: string): string | undefined {
  return text === '\\N' ? undefined : text.replaceAll(/\\(.)/g, (_, character: string) => copyEscapes[character] ?? character);
}

function nameAt(tokens: readonly Any[], at: number): string | undefined {
  const token = tokens[at];
  return token?.kind === 'word' || token?.kind === 'name' ? token.value : undefined;
}

function isSign(token: Any | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.value === sign;
}
