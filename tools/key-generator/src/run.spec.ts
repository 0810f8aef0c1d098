import { isWebhookSecret, matchesApiKey } from '@heliograph/credential';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { alphabet, kinds } from './kinds.ts';
import { run } from './run.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'heliograph-keys-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function call(...args: string[]) {
  const [printed, warned]: string[][] = [[], []];
  const code = run({ args, print: (text) => printed!.push(text), warn: (text) => warned!.push(text) });
  return { code, out: printed!.join(''), error: warned!.join('') };
}

const made = (...args: string[]) => JSON.parse(call(...args, '--json').out) as Record<string, string>;

describe('what is made', () => {
  it('an API key comes with its look-up id and the digest it is checked by', () => {
    const { api_key: key, lookup_id: lookupId, digest } = made('api-key');
    expect(matchesApiKey(key!, digest!)).toBe(true);
    expect(digest!.startsWith(lookupId!)).toBe(true);
  });

  it("an operator's key comes with http-api's setting", () => {
    const { operator_key: key, OPERATOR_KEY_DIGEST: digest } = made('operator-key');
    expect(matchesApiKey(key!, digest!)).toBe(true);
  });

  it.each([
    ['master-key', 'MASTER_KEY', /^[0-9a-f]{64}$/],
    ['smpp-password', 'smpp_password', new RegExp(`^[${alphabet}]{8}$`)],
    ['person-password', 'person_password', new RegExp(`^([${alphabet}]{5}-){4}[${alphabet}]{5}$`)],
  ])('%s has its form, and is another one each time', (kind, name, form) => {
    const two = [made(kind)[name]!, made(kind)[name]!];
    for (const one of two) expect(one).toMatch(form);
    expect(two[0]).not.toBe(two[1]);
  });

  it('a webhook secret is one', () => {
    expect(isWebhookSecret(made('webhook-secret')['webhook_secret']!)).toBe(true);
  });

  it('every character of a password is as likely as the others', () => {
    const passwords = JSON.parse(call('smpp-password', '--count', '5000', '--json').out) as { smpp_password: string }[];
    const counts = new Map<string, number>();
    for (const character of passwords.map((one) => one.smpp_password).join('')) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(alphabet.length);
    // 714 expected of each; the deviation is 27, so 6 of them is once in 10 million runs
    for (const count of counts.values()) expect(Math.abs(count - 40_000 / alphabet.length)).toBeLessThan(6 * 27);
  });
});

describe('the lines', () => {
  it('are an .env file as they are; the key of the operator is not among its settings', () => {
    const { out } = call();
    const settings = parseEnv(out);
    expect(Object.keys(settings).sort()).toEqual(['DATABASE_URL', 'MASTER_KEY', 'NATS_URL', 'OPERATOR_KEY_DIGEST']);
    const [, key] = /operator_key=([0-9a-f]{64})\n/.exec(out) ?? [];
    expect(matchesApiKey(key!, settings['OPERATOR_KEY_DIGEST']!)).toBe(true);
  });

  it.each(Object.keys(kinds))('%s is explained by --help', (kind) => {
    expect(call('--help').out).toContain(`  ${kind} `);
  });
});

describe('--write', () => {
  it('puts the secret into a file of mode 0600 and shows only the rest', () => {
    const file = join(folder, 'key');
    const { code, out } = call('api-key', '--write', file);
    const key = readFileSync(file, 'utf8').trim();
    expect(code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(out).not.toContain(key);
    expect(matchesApiKey(key, /digest=(\w+)/.exec(out)![1]!)).toBe(true);
  });

  it("of an .env file keeps the operator's key out of it and shows it", () => {
    const file = join(folder, '.env');
    const { out } = call('env', '--write', file);
    const settings = parseEnv(readFileSync(file, 'utf8'));
    const [, key] = /operator_key=(\w+)/.exec(out) ?? [];
    expect(readFileSync(file, 'utf8')).not.toContain(key);
    expect(matchesApiKey(key!, settings['OPERATOR_KEY_DIGEST']!)).toBe(true);
    expect(out).not.toContain(settings['MASTER_KEY']);
  });

  it('leaves a file that exists alone, and a link that leads nowhere', () => {
    const file = join(folder, 'mine');
    const link = join(folder, 'link');
    writeFileSync(file, 'mine');
    symlinkSync(join(folder, 'nowhere'), link);
    for (const taken of [file, link])
      expect(call('master-key', '--write', taken)).toMatchObject({ code: 1, out: '', error: expect.stringContaining('exists') });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('says when the file cannot be made', () => {
    expect(call('master-key', '--write', join(folder, 'no/such/folder'))).toMatchObject({
      code: 1,
      error: expect.stringContaining('ENOENT'),
    });
  });
});

it.each([
  ['an unknown kind', ['password']],
  ['two kinds', ['api-key', 'env']],
  ['an unknown option', ['--jsn']],
  ['a count of nothing', ['--count', '0']],
  ['a count that is none', ['--count', 'ten']],
])('%s is refused with exit code 2, and nothing is made', (_, args) => {
  expect(call(...args)).toMatchObject({ code: 2, out: '' });
});
