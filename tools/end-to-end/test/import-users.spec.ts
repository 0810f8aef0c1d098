import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectSmpp } from '../src/smpp-client.ts';
import { startStack, type Stack } from '../src/stack.ts';

const importer = join(import.meta.dirname, '../../importer');

let carrier: Carrier;
let stack: Stack;

beforeAll(async () => {
  carrier = await startCarrier({});
  stack = await startStack({ carrierPort: carrier.port, balance: 5 });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await carrier?.stop();
}, 60_000);

/** As `npm run import-users` does. */
function importUsers(file: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const { url, operatorKey } = stack.ready.http;
  const env = { PATH: process.env['PATH'], HELIOGRAPH_OPERATOR_KEY: operatorKey };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(importer, 'src/main.ts'), file, '--url', url, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, out: stdout + stderr }),
    );
  });
}

const bind = (systemId: string, password: string) => connectSmpp({ url: `smpp://127.0.0.1:${stack.ready.smpp.port}`, systemId, password });
const balanceOf = async (tenant: string): Promise<{ funds: string; credits: string }> => {
  const headers = { authorization: `Bearer ${stack.ready.http.operatorKey}` };
  return (await (await fetch(`${stack.ready.http.url}/v1/tenants/${tenant}/balance`, { headers })).json()) as {
    funds: string;
    credits: string;
  };
};

test('users of an Auron-style server bind with the passwords they have, spend the credits they had, and come in once', async () => {
  const file = join(importer, 'testdata/01-contract.csv');
  expect(await importUsers(file, '--tenant-per-user')).toMatchObject({
    code: 0,
    out: expect.stringContaining('2 to bring in, 0 there already'),
  });
  expect(await importUsers(file, '--tenant-per-user', '--apply')).toMatchObject({ code: 0, out: expect.stringContaining('2 brought in') });
  expect((await balanceOf('test1')).funds).toBe('10.000000');

  // the second bind is checked with the verifier that the first one brought about
  for (let times = 0; times < 2; times++) {
    const client = await bind('Test1', 'Pwd1');
    expect(await client.submit({ destination_addr: '447911123456', dest_addr_ton: 1, short_message: 'as ever' })).toMatchObject({
      command_status: 0,
    });
    client.close();
  }
  // 10 credits are 10 messages; Test2 had none
  const poor = await bind('Test2', 'Pwd2');
  expect(await poor.submit({ destination_addr: '447911123456', dest_addr_ton: 1, short_message: 'no credit' })).toMatchObject({
    command_status: 0x45,
  });
  poor.close();
  for (const wrong of ['Pwd2', 'pwd1', 'DC215545BA63D605FBCD647A9555270F566D918B'.slice(0, 8)])
    await expect(bind('Test1', wrong)).rejects.toThrow('bind refused');

  expect(await importUsers(file, '--tenant-per-user', '--apply')).toMatchObject({
    code: 0,
    out: expect.stringContaining('0 brought in, 2 there already'),
  });
  expect((await balanceOf('test1')).funds).toBe('10.000000');
  await eventually('two are charged', async () => (await balanceOf('test1')).credits === '8.000000');
});

test('into one tenant, from a dump with plain text; a system id of another tenant is left alone', async () => {
  const file = join(stack.ready.data, 'users.sql');
  writeFileSync(file, `INSERT INTO "SmppServerUsers" VALUES ('Test1', 'Other', 1, NULL), ('Test9', 'Pwd9', 3, '+31600000009');\n`);
  const { code, out } = await importUsers(file, '--tenant', 'demo', '--passwords', 'plain', '--apply');
  expect(out).toContain('line 1: Test1 is a system id of the tenant test1 already');
  expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('1 brought in') });
  expect(out).not.toContain('Pwd9');
  expect((await balanceOf('demo')).funds).toBe('8.000000');
  (await bind('Test9', 'Pwd9')).close();
});
