import { createHash } from 'node:crypto';

/** A row of the table `SmppServerUsers` as its file has it; undefined is NULL, or a column that is not there. */
export interface RawUser {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly systemId: string | undefined;
  /** A hash or a password, as the file says nothing of. */
  readonly secret: string | undefined;
  readonly credits: string | undefined;
  readonly addressRange: string | undefined;
}

export interface LineProblem {
  readonly line: number;
  readonly message: string;
}

/** What a file says, before anybody asks whether it is right. */
export interface RawUsers {
  readonly users: readonly RawUser[];
  readonly problems: readonly LineProblem[];
}

/** A user that can be brought in. */
export interface User {
  readonly line: number;
  readonly systemId: string;
  /** SHA-1 of the UTF-16LE password, 40 hex digits in capitals: how the source keeps it. */
  readonly passwordHash: string;
  /** Whole SMS: one credit each. */
  readonly credits: number;
  /** Empty: none. */
  readonly addressRange: string;
}

/** What the column PasswordHash holds. */
export type SecretForm = 'hash' | 'plain';

/** `system_id` has 16 octets with its NUL (SMPP 3.4 §4.1.1), the source's column NVARCHAR(16). */
const systemIdMax = 15;
/** `password` has 9 octets with its NUL (SMPP 3.4 §4.1.1). */
const passwordMax = 8;
/** The source's column is INT. */
const creditsMax = 2_147_483_647;
const addressRangeMax = 40;

/** Which rows can be brought in, and what is wrong with each of the others. */
export function readUsers(raw: RawUsers, form: SecretForm): { users: readonly User[]; problems: readonly LineProblem[] } {
  const problems: LineProblem[] = [...raw.problems];
  const users: User[] = [];
  const lineOf = { systemId: new Map<string, number>(), addressRange: new Map<string, number>() };
  for (const row of raw.users) {
    const wrong = [
      ...problemsOf(row, form),
      // the source compares as its collation does, which as a rule is without case; two that differ in case only would be one there
      ...taken(lineOf.systemId, row.systemId?.toLowerCase(), row.line, 'SystemID'),
      // inbound messages to it could be either's
      ...taken(lineOf.addressRange, row.addressRange || undefined, row.line, 'AddressRange'),
    ];
    problems.push(...wrong.map((message) => ({ line: row.line, message })));
    if (wrong.length === 0) users.push(userOf(row, form));
  }
  return { users, problems: problems.sort((a, b) => a.line - b.line) };
}

function problemsOf({ systemId = '', secret = '', credits = '0', addressRange = '' }: RawUser, form: SecretForm): string[] {
  const isHash = /^[0-9a-f]{40}$/i.test(secret);
  return [
    systemId === '' && 'SystemID is empty',
    systemId.length > systemIdMax && `SystemID has ${systemId.length} characters; a bind carries ${systemIdMax} (SMPP 3.4 §4.1.1)`,
    !/^[!-~]*$/.test(systemId) && 'SystemID has characters that a login may not have: only printable ASCII without spaces',
    secret === '' && 'PasswordHash is empty: nobody could bind, or anybody',
    secret !== '' && form === 'hash' && !isHash && 'PasswordHash is not 40 hex digits (for a table with plain text: --passwords plain)',
    form === 'plain' && isHash && 'PasswordHash is 40 hex digits, a hash, not a password (leave --passwords plain out)',
    form === 'plain' &&
      !isHash &&
      secret.length > passwordMax &&
      `the password has ${secret.length} characters; a bind carries ${passwordMax} (SMPP 3.4 §4.1.1)`,
    form === 'plain' && !isPrintable(secret) && 'the password has characters that a bind cannot carry: only printable ASCII',
    !/^\d{1,10}$/.test(credits) && `Credits is no whole number from 0 (${JSON.stringify(credits)})`,
    /^\d{1,10}$/.test(credits) && Number(credits) > creditsMax && `Credits is more than ${creditsMax}`,
    addressRange.length > addressRangeMax && `AddressRange has more than ${addressRangeMax} characters`,
    !isPrintable(addressRange) && 'AddressRange has characters that a bind cannot carry: only printable ASCII',
  ].filter((problem) => problem !== false);
}

function taken(lines: Map<string, number>, value: string | undefined, line: number, column: string): string[] {
  if (value === undefined) return [];
  const before = lines.get(value);
  if (before === undefined) lines.set(value, line);
  return before === undefined ? [] : [`${column} is that of line ${before}, too`];
}

function userOf({ line, systemId = '', secret = '', credits = '0', addressRange = '' }: RawUser, form: SecretForm): User {
  const passwordHash = form === 'plain' ? hashOf(secret) : secret.toUpperCase();
  return { line, systemId, passwordHash, credits: Number(credits), addressRange };
}

/** As the source would have written it, so that nothing weaker than that leaves this program. */
function hashOf(password: string): string {
  return createHash('sha1').update(Buffer.from(password, 'utf16le')).digest('hex').toUpperCase();
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
