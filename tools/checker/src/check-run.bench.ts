// Run: node tools/checker/src/check-run.bench.ts. What the check of a message takes, in time and memory, with the platform's answers at once.
// BENCH_MESSAGES: how many (default 200,000).
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { checkRun, contentOf, type Platform } from './index.ts';

const messages = Number(process.env['BENCH_MESSAGES'] ?? '200000');
const pageSize = 100;
const price = 1_000_000n;
const idOf = (n: number): string => n.toString(16).padStart(32, '0');
const contents = (n: number): string => contentOf(`4479${n}`, `text ${n}`);

const folder = mkdtempSync(join(tmpdir(), 'heliograph-checker-'));
const journal = join(folder, 'all.jsonl');
const stream = createWriteStream(journal);
for (let n = 0; n < messages; n++) {
  const [atMs, tenant, ref, id, content] = [Date.now(), 'acme', String(n), idOf(n), contents(n)];
  const lines = [
    { atMs, kind: 'asked', tenant, ref, content, door: 'smpp', reportWanted: true },
    { atMs, kind: 'accepted', tenant, ref, id },
    { atMs, kind: 'arrived', provider: 'carrier', content, taken: true, providerId: ref },
    { atMs, kind: 'reported', tenant, id, state: 'delivered', by: 'smpp' },
  ];
  if (!stream.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))) await once(stream, 'drain');
}
await finished(stream.end());

function* pages<Item>(make: (n: number) => Item): Generator<Item[]> {
  for (let at = 0; at < messages; at += pageSize) {
    yield Array.from({ length: Math.min(pageSize, messages - at) }, (_, i) => make(at + i));
  }
}
const charged = BigInt(messages) * price;
const platform: Platform = {
  tenants: ['acme'],
  async *messages() {
    yield* pages((n) => ({ id: idOf(n), content: contents(n), state: 'delivered', isTest: false }));
  },
  async *usage() {
    yield* pages((n) => ({ id: idOf(n), charged: price, refunded: 0n }));
  },
  balance: async () => ({ funds: charged, balance: 0n, leased: 0n, charged, refunded: 0n }),
  trace: async () => undefined,
  differences: async () => undefined,
};

const [began, cpu] = [performance.now(), process.cpuUsage()];
const { ok } = await checkRun({ journals: [journal], platform });
const { user, system } = process.cpuUsage(cpu);
const seconds = (performance.now() - began) / 1_000;
rmSync(folder, { recursive: true });
if (!ok) throw new Error('the check found something in a run in which nothing went wrong');
console.log('| messages | seconds | CPU µs a message | MB at most |\n| ---: | ---: | ---: | ---: |');
const mb = process.resourceUsage().maxRSS / 1024;
console.log(
  `| ${messages.toLocaleString('en-US')} | ${seconds.toFixed(1)} | ${((user + system) / messages).toFixed(1)} | ${mb.toFixed(0)} |`,
);
