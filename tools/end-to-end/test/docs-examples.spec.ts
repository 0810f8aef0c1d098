import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compareAnswer, examplesOf, isLookingOnly, type Example } from '../src/console-blocks.ts';
import { startStack, type Stack } from '../src/stack.ts';

/** Every `curl` of the documentation, run as a reader would run it, against a stack of its own. The tour first: it counts what it sent. */
const pages = ['docs/api.md', 'README.md', 'docs/doors.md'];
const root = join(import.meta.dirname, '../../..');
/** Where `npm start` listens unless it is told otherwise. */
const shownUrl = 'http://127.0.0.1:8080';

let carrier: Carrier;
let stack: Stack;

beforeAll(async () => {
  carrier = await startCarrier({ httpPort: 0, options: { receiptDelayMs: 50 } });
  stack = await startStack({ carrierPort: carrier.port });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await carrier?.stop();
}, 60_000);

/** What a page was answered so far. */
interface Reader {
  /** By what is shown. */
  readonly found: Map<string, string>;
  /** The secret that was shown last: what a page means by a variable of its own. */
  secret: string;
}

async function ask({ command }: Example, { found, secret }: Reader): Promise<{ status: number; answer: string }> {
  const meant = [...found].reduce(
    (text, [shown, actual]) => text.replaceAll(shown, actual),
    command.replaceAll(shownUrl, stack.ready.http.url),
  );
  const variables = [...meant.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => [name as string, secret]);
  const { apiKey, operatorKey } = stack.ready.http;
  const own = { KEY: apiKey, OPERATOR_KEY: operatorKey, CARRIER: `http://127.0.0.1:${carrier.httpPort}` };
  const env = { PATH: process.env['PATH'], ...Object.fromEntries(variables), ...own };
  const curl = meant.replace(/^curl /, `curl -sS -w '\\n%{http_code}' `);
  const { stdout } = await promisify(execFile)('bash', ['-c', curl], { env, cwd: root });
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), answer: stdout.slice(0, end) };
}

/** Rejects with what is other than shown. */
async function expectAsShown(example: Example, reader: Reader): Promise<void> {
  const { status, answer } = await ask(example, reader);
  const { difference, found } = compareAnswer(example.shown, answer);
  if (difference !== undefined) throw new Error(`${difference}\n${status} ${answer}`);
  const refused = /^\{"(type|error)":|^HTTP\/1.1 [45]/.test(example.shown);
  if (status >= 400 !== refused) throw new Error(`status ${status} for ${answer}`);
  for (const [shown, actual] of found) reader.found.set(shown, actual);
  reader.secret = /"secret":"([^"]+)"/.exec(answer)?.[1] ?? reader.secret;
}

describe.each(pages)('%s', (page) => {
  const examples = examplesOf(readFileSync(join(root, page), 'utf8'));
  const reader: Reader = { found: new Map(), secret: '' };

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples.map((example) => [`line ${example.line}: ${example.command.slice(0, 90)}`, example] as const))(
    '%s',
    async (_, example) => {
      if (isLookingOnly(example.command)) await eventually('as shown', () => expectAsShown(example, reader).then(() => true), 10_000);
      else await expectAsShown(example, reader);
    },
  );
});
