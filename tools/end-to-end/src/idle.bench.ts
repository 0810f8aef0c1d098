/**
 * What a stack costs that does nothing: from `npm start` on an empty folder (new databases, every migration) until it says that it is ready, when
 * everything is installed; then its memory and its CPU when nothing comes, and its memory again after 20,000 messages.
 */
import { readFileSync } from 'node:fs';
import { cpuSecondsOf, memoryOf } from './cpu.ts';
import { conditions, startRoad } from './road.ts';

const idleMs = 10_000;
const messages = 20_000;

const beginMs = performance.now();
const road = await startRoad();
try {
  const startedInS = (performance.now() - beginMs) / 1000;
  const { processes } = road.stack.ready;
  const pids = Object.values(processes);
  console.log(`${conditions(road.stack)}\n`);
  const cpuBefore = cpuSecondsOf(pids);
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const idleCpu = ((cpuSecondsOf(pids) - cpuBefore) / (idleMs / 1000)) * 100;
  const idle = memoryByName(processes);
  await road.drive({ binds: 4, window: 100, receipts: true, messagesMax: messages });
  const used = memoryByName(processes);
  console.log('| | |');
  console.log('| --- | ---: |');
  console.log(`| \`npm start\` on an empty folder until ready | ${startedInS.toFixed(1)} s |`);
  console.log(`| CPU when idle | ${idleCpu.toFixed(1)} % of a core |`);
  console.log('\n| memory, MB | idle: pss | rss | after 20,000 messages: pss | rss |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const name of [...Object.keys(processes), 'launcher', 'all']) {
    const [before, after] = [idle[name], used[name]];
    if (before && after)
      console.log(`| ${name} | ${[before.pss, before.rss, after.pss, after.rss].map((one) => one.toFixed(0)).join(' | ')} |`);
  }
  console.log(
    '\npss: what several processes share is counted once, so it adds up; rss counts the buffers of PostgreSQL in each of its processes.',
  );
} finally {
  await road.stop();
}

function parentOf(pid: number): number {
  const [, parent] = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(parent);
}

/** The launcher is above all of them, so it is what the others leave of all. */
function memoryByName(processes: Readonly<Record<string, number>>): Record<string, { rss: number; pss: number }> {
  const pids = Object.values(processes);
  const each = Object.entries(processes).map(([name, pid]) => [name, memoryOf([pid])] as const);
  const [all, others] = [memoryOf([parentOf(pids[0] as number)]), memoryOf(pids)];
  return { ...Object.fromEntries(each), launcher: { rss: all.rss - others.rss, pss: all.pss - others.pss }, all };
}
