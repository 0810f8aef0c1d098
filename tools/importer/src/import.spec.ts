import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from './file.ts';
import { planImport, tenantNamedAfter, topUpKey } from './plan.ts';
import { reportText } from './report.ts';
import { readUsers, type SecretForm, type User } from './users.ts';

/** Of the contract (contracts §4): Pwd1 and Pwd2. */
const hashes = ['DC215545BA63D605FBCD647A9555270F566D918B', '806AABE39FC215F7F8CF030900A2CAE1C3E63157'] as const;

const octetsOf = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../testdata', name));
const read = (octets: Uint8Array | string, form: SecretForm = 'hash') =>
  readUsers(readFile(typeof octets === 'string' ? Buffer.from(octets) : octets, undefined), form);
const user = (line: number, systemId: string, n: 0 | 1, credits = 0, addressRange = ''): User => ({
  line,
  systemId,
  passwordHash: hashes[n],
  credits,
  addressRange,
});

it.each([
  ['Pwd1', 0],
  ['Pwd2', 1],
] as const)('the hash of %s is the SHA-1 of its UTF-16LE, in capitals', (password, n) => {
  expect(createHash('sha1').update(Buffer.from(password, 'utf16le')).digest('hex').toUpperCase()).toBe(hashes[n]);
});

describe('a file gives its users, with the lines they stand in', () => {
  it.each<[string, User[]]>([
    ['01-contract.csv', [user(2, 'Test1', 0, 10, '+31699887766'), user(3, 'Test2', 1, 0, '+31688776655')]],
    ['02-excel.csv', [user(1, 'Test1', 0, 10, '+31699887766'), user(2, 'Te;st"2"', 1)]],
    ['03-postgres-copy.sql', [user(11, 'Test1', 0, 10, '+31699887766'), user(12, 'Te\\st2', 1)]],
    ['04-postgres-inserts.sql', [user(2, 'Test1', 0, 10, '+31699887766'), user(3, "O'Test2", 1), user(4, 'Test3', 1)]],
  ])('%s', (name, users) => {
    expect(read(octetsOf(name))).toEqual({ users, problems: [] });
  });

  it.each([
    ['UTF-16 with its mark, as it is saved', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 of the other order', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['CRLF', (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))],
  ])('05-sql-server.sql in %s', (_, encode) => {
    const { users, problems } = read(encode(octetsOf('05-sql-server.sql').toString()));
    expect(problems).toEqual([]);
    expect(users).toEqual([user(13, 'Test1', 0, 10, '+31699887766'), user(15, 'Test2', 1)]);
  });

  it('plain text, when it is said to be', () => {
    const { users, problems } = read(`SystemID;Password\nTest1;Pwd1\nTest2;${hashes[1]}\nTest3;muchtoolong\n`, 'plain');
    expect(users).toEqual([user(2, 'Test1', 0)]);
    expect(problems.map(({ line }) => line)).toEqual([3, 4]);
  });

  it('quoted line ends do not move the lines of what comes after', () => {
    const { problems } = read(`SystemID,PasswordHash\n"a\nb",${hashes[0]}\nTest2,x\n`);
    expect(problems.map(({ line }) => line)).toEqual([2, 4]);
  });
});

describe('what is wrong is told with its line, and the others come in', () => {
  it('06-problems.csv has one in each line but two', () => {
    const { users, problems } = read(octetsOf('06-problems.csv'));
    expect(users.map(({ systemId }) => systemId)).toEqual(['good', 'one']);
    expect(problems.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]);
  });

  it.each([
    ['an empty file', '', 1],
    ['a quote that never ends', `Test1,"${hashes[0]}\nTest2,x\n`, 2],
    ['a dump of another table', "INSERT INTO other VALUES ('a', 'b');", 1],
    ['an INSERT with a SELECT', '-- dump\nINSERT INTO SmppServerUsers SELECT * FROM old;', 2],
    ['columns that do not say who', `\nINSERT INTO SmppServerUsers (Credits) VALUES (5);`, 2],
    ['a row with too few values', `INSERT INTO SmppServerUsers VALUES\n('a', 'b');`, 2],
    ['a value that is computed', `INSERT INTO SmppServerUsers VALUES ('a', HASHBYTES('SHA1', 'b'), 1, '');`, 1],
    ['an INSERT that is cut off', `INSERT INTO SmppServerUsers VALUES ('a', 'b`, 1],
    ['a COPY in another form', 'COPY smppserverusers FROM stdin WITH (FORMAT csv);\na,b,1,\n\\.\n', 1],
    ['a COPY row with too few values', 'COPY smppserverusers FROM stdin;\na\tb\n\\.\n', 2],
  ])('%s', (_, text, line) => {
    const { users, problems } = read(text);
    expect(users).toEqual([]);
    expect(problems[0]?.line).toBe(line);
  });

  it('neither hash nor password is in what is told', () => {
    const { users, problems } = read(`Test1,${hashes[0]},1,\nTest2,sesame,x,\n`);
    const { steps } = planImport(users, { tenant: 'acme' }, new Map());
    const told = reportText({ steps, problems });
    expect(told).toContain('Test1');
    for (const secret of [hashes[0], 'sesame']) expect(told).not.toContain(secret);
  });
});

describe('the plan', () => {
  const { users } = read(octetsOf('01-contract.csv'));

  it('makes who is not there, and leaves alone who is', () => {
    const { steps, problems } = planImport(users, { tenant: 'acme' }, new Map([['Test1', 'acme']]));
    expect(steps.map(({ tenant, does }) => [tenant, does])).toEqual([
      ['acme', 'unchanged'],
      ['acme', 'create'],
    ]);
    expect(problems).toEqual([]);
  });

  it.each([
    ['another tenant', 'other'],
    ['an operator', ''],
  ])('refuses a system id of %s', (_, owner) => {
    const { steps, problems } = planImport(users, { tenant: 'acme' }, new Map([['Test2', owner]]));
    expect(steps).toHaveLength(1);
    expect(problems).toMatchObject([{ line: 3 }]);
  });

  it('with a tenant each names it after the user', () => {
    expect(planImport(users, { perUser: true }, new Map()).steps.map(({ tenant }) => tenant)).toEqual(['test1', 'test2']);
  });

  it('with a tenant each refuses two that would be one, and one without a name', () => {
    const { users: odd } = read(`a_b,${hashes[0]}\na-b,${hashes[0]}\n---,${hashes[0]}\n`);
    expect(planImport(odd, { perUser: true }, new Map()).problems).toMatchObject([{ line: 2 }, { line: 3 }]);
  });

  it('names tenants in lower case with dashes', () => {
    expect(tenantNamedAfter('_Big Corp.')).toBe('big-corp');
  });

  it('has one key for the credits of one user of one file', () => {
    const one = readFile(octetsOf('01-contract.csv'), undefined).hash;
    const other = readFile(octetsOf('02-excel.csv'), undefined).hash;
    expect(topUpKey(one, 'Test1')).toBe(`import ${one} Test1`);
    expect(one).not.toBe(other);
  });
});

it('a dump of any octets is read to its end, and gives no user', () => {
  const seed = 20_261_120;
  console.log(`seed ${seed}`);
  const pieces = [
    'INSERT',
    'INTO',
    'SmppServerUsers',
    'VALUES',
    '(',
    ')',
    ',',
    "'",
    '"',
    '[',
    'COPY',
    'FROM stdin;\n',
    '\\.\n',
    '--',
    '/*',
    'x',
    '\n',
    ';',
    '\\',
  ];
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8;
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: next() % 40 }, () => pieces[next() % pieces.length]).join(next() % 2 ? ' ' : '');
    const { users } = read(text);
    expect({ text, users }).toEqual({ text, users: [] });
  }
});
