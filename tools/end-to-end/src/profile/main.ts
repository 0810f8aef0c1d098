/**
 * `npm run profile [-- --messages N] [--out FOLDER]`: where the CPU of a message goes. The SMPP road with receipts, every service under V8's sampling
 * profiler, and of each service, of the time of the load alone: README.md with the functions by self time, NAME.folded with its stacks, NAME.svg with
 * its flame graph. nats-server and PostgreSQL are no Node: their CPU is in the table, what they do is not seen.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { conditions, cpuLine, startRoad } from '../road.ts';
import { flameGraph } from './flame.ts';
import { foldedOf, topOf, treeOf, type CpuProfile } from './profile.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    out: { type: 'string', default: join(import.meta.dirname, '../../../../.data/profile') },
  },
});
const messages = Number(values.messages);
const functionsMax = 30;
const folder = resolve(values.out);
const raw = mkdtempSync(join(tmpdir(), 'heliograph-profile-'));
const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

try {
  const road = await startRoad({ env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${raw}` } });
  const { processes } = road.stack.ready;
  const lines = ['# Where the CPU of a message goes', ''];
  let during = { fromUs: 0, toUs: 0 };
  let cpu: Readonly<Record<string, number>> = {};
  try {
    await road.drive({ binds: 4, window: 100, receipts: true, messagesMax: 5_000 });
    const fromUs = nowUs();
    const measured = await road.drive({ binds: 4, window: 100, receipts: true, messagesMax: messages });
    during = { fromUs, toUs: nowUs() };
    cpu = measured.cpu;
    lines.push(`${messages} messages. ${conditions(road.stack)}`, '', `CPU, µs a message, with the profilers: ${cpuLine(measured)}`, '');
  } finally {
    // a profile is written when its process ends
    await road.stop();
  }
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(raw);
  for (const [name, pid] of Object.entries(processes)) {
    // CPU.<day>.<time>.<pid>.<thread>.<count>.cpuprofile
    const file = files.find((one) => one.split('.')[3] === String(pid));
    if (file === undefined) continue;
    const tree = treeOf(JSON.parse(readFileSync(join(raw, file), 'utf8')) as CpuProfile, during);
    // samples are of the clock, also while the process waits for a core: their shares are taken of the CPU it had
    const us = cpu[name] ?? 0;
    writeFileSync(join(folder, `${name}.folded`), foldedOf(tree));
    writeFileSync(join(folder, `${name}.svg`), flameGraph(tree, `${name}: ${us.toFixed(1)} µs of CPU a message`));
    lines.push(`## ${name}`, '', `![flame graph](${name}.svg)`, '', '| µs a message | % | function |', '| ---: | ---: | --- |');
    for (const { name: what, selfUs } of topOf(tree).slice(0, functionsMax))
      lines.push(`| ${((selfUs / tree.totalUs) * us).toFixed(2)} | ${((selfUs / tree.totalUs) * 100).toFixed(1)} | \`${what}\` |`);
    lines.push('');
  }
  writeFileSync(join(folder, 'README.md'), lines.join('\n'));
  console.log(`written into ${folder}`);
} finally {
  rmSync(raw, { recursive: true, force: true });
}
