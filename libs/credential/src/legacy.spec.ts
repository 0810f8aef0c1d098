import { describe, expect, test } from '@jest/globals';
import { hashPassword, isLegacyHex, needsUpgrade, verifyPassword, wrapLegacyVerifier, type LegacyForm } from './index.ts';

// The first two are check values of the contract (SmppServerUsers); the third is what `printf secret08 | sha256sum` prints.
const known: [LegacyForm, string, string][] = [
  ['sha1-utf16le', 'Pwd1', 'DC215545BA63D605FBCD647A9555270F566D918B'],
  ['sha1-utf16le', 'Pwd2', '806AABE39FC215F7F8CF030900A2CAE1C3E63157'],
  ['sha256', 'secret08', '0457fe5285b797f01d40342ed0cfa338518332327dd40b1af5cb3372889980a2'],
];

describe.each(known)('%s of %s', (form, password, hex) => {
  test.each([hex.toUpperCase(), hex.toLowerCase()])('imported as %s: the password fits, any other does not', async (given) => {
    const verifier = (await wrapLegacyVerifier(form, given)) as string;
    expect(await verifyPassword(verifier, password)).toBe(true);
    for (const wrong of ['', password.toLowerCase() + 'x', given]) expect(await verifyPassword(verifier, wrong)).toBe(false);
  });

  test('what is stored shows nothing of the weak hash, is salted, and is to be upgraded', async () => {
    const [one, two] = [await wrapLegacyVerifier(form, hex), await wrapLegacyVerifier(form, hex)];
    expect(one).toMatch(new RegExp(`^${form}\\$\\$argon2id\\$v=19\\$m=19456,t=2,p=1\\$[A-Za-z0-9+/]{22}\\$[A-Za-z0-9+/]{43}$`));
    expect(one).not.toBe(two);
    expect(one?.toLowerCase()).not.toContain(hex.toLowerCase());
    expect(needsUpgrade(one as string)).toBe(true);
  });
});

test.each<[LegacyForm, string]>([
  ['sha1-utf16le', ''],
  ['sha1-utf16le', 'DC215545BA63D605FBCD647A9555270F566D918'],
  ['sha1-utf16le', 'DC215545BA63D605FBCD647A9555270F566D918B0'],
  ['sha1-utf16le', 'GC215545BA63D605FBCD647A9555270F566D918B'],
  ['sha256', 'DC215545BA63D605FBCD647A9555270F566D918B'],
])('%s: %j is no digest of it, and is not wrapped', async (form, hex) => {
  expect(isLegacyHex(form, hex)).toBe(false);
  expect(await wrapLegacyVerifier(form, hex)).toBeUndefined();
});

test.each(['sha1-utf16le$', 'sha1-utf16le$DC215545BA63D605FBCD647A9555270F566D918B', 'sha256$junk', 'md5$x'])(
  'a wrapped verifier that cannot be read fits nothing: %s',
  async (verifier) => {
    expect(await verifyPassword(verifier, 'Pwd1')).toBe(false);
  },
);

test('what is upgraded needs no upgrade again', async () => {
  expect(needsUpgrade(await hashPassword('Pwd1'))).toBe(false);
});
