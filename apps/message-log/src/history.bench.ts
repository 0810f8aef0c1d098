// Run: node apps/message-log/src/history.bench.ts. What a message costs to be written at each of its times, and how long a search takes among all of
// them, with a PostgreSQL of its own. BENCH_MESSAGES: how many (default 100,000: half a minute).
import { headOf, type Message } from '@heliograph/message';
import { startServers } from '@heliograph/testbed';
import { deliveredWay, messageAt } from '../test/events.ts';
import { openHistory } from './history.ts';
import { addEvent, type LoggedEvent, type Row } from './log.ts';

const messages = Number(process.env['BENCH_MESSAGES'] ?? '100000');
const batchRows = 2_000;

const servers = await startServers({ schemas: ['message_log'] });
const history = openHistory(servers.databaseUrl);
const times: [name: string, of: (message: Message) => LoggedEvent[], ms: number, node: number][] = [
  ['accepted, routed and sent', (one) => deliveredWay(one).slice(0, 3), 0, 0],
  ['reported', (one) => [{ type: 'message.reported', at: one.acceptedAtMs + 300, message: headOf(one), state: 'delivered' }], 0, 0],
  ['report delivered', (one) => deliveredWay(one).slice(4), 0, 0],
];
for (let written = 0; written < messages; written += batchRows) {
  const batch = Array.from({ length: batchRows }, (_, i) => {
    const n = written + i;
    return messageAt(Date.now(), { tenant: `tenant-${n % 4}`, to: `+4479${(n * 7919) % 1e8}`, reference: `order ${n}` });
  });
  for (const time of times) {
    const rows = batch.map((message) => fold(time[1](message)));
    const [startMs, start] = [performance.now(), process.cpuUsage()];
    await history.write(rows);
    const { user, system } = process.cpuUsage(start);
    time[2] += performance.now() - startMs;
    time[3] += user + system;
  }
}
console.log('| written when | µs a message | of them Node |\n| --- | ---: | ---: |');
for (const [name, , ms, node] of times)
  console.log(`| ${name} | ${((ms * 1000) / messages).toFixed(1)} | ${(node / messages).toFixed(1)} |`);

const searches: [name: string, like: object][] = [
  ['nothing', {}],
  ['to', { to: '+447900031676' }],
  ['reference', { reference: 'order 4' }],
  ['state that none has', { state: 'scheduled' }],
  ['state that all have', { state: 'delivered' }],
  ['from that none has: compared with all', { from: 'Nobody' }],
];
console.log(`\n| search among ${messages / 4} of a tenant by | ms | found |\n| --- | ---: | ---: |`);
for (const [name, like] of searches) {
  await history.list({ tenant: 'tenant-0', limit: 100, ...like });
  const startMs = performance.now();
  const { messages: found } = await history.list({ tenant: 'tenant-0', limit: 100, ...like });
  console.log(`| ${name} | ${(performance.now() - startMs).toFixed(1)} | ${found.length} |`);
}
await history.close();
await servers.stop();

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}
