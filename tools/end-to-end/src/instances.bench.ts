/**
 * How it grows: the SMPP road with one instance of each stage behind the door, then with two. On a machine with fewer cores than processes more
 * instances cannot be faster: what is seen is what they cost (queues that are split, records with fewer messages in them), and that nothing is lost
 * or doubled. docs/sizing.md is checked against it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cpuLine, onRoad, sum, type Road } from './road.ts';

const root = join(import.meta.dirname, '../../..');
const doubled = ['router', 'connector-smpp', 'dlr-forwarder', 'message-log'];
const options = { binds: 4, window: 100, receipts: true, messagesMax: 30_000, unreportedMax: 20_000 };

await onRoad(async (road) => {
  const more: ChildProcess[] = [];
  try {
    await road.drive({ ...options, messagesMax: 5_000 });
    console.log(`${availableParallelism()} cores\n`);
    console.log('| instances of each stage behind the door | messages/s | CPU µs a message |');
    console.log('| ---: | ---: | ---: |');
    const shares: string[] = [];
    for (const instances of [1, 2]) {
      if (instances > 1) {
        more.push(...(await Promise.all(doubled.map((service) => startAnother(road, service)))));
        await road.drive({ ...options, messagesMax: 5_000 });
      }
      const measured = await road.drive(options);
      const rate = measured.messages / measured.result.reportedInS;
      console.log(`| ${instances} | ${rate.toFixed(0)} | ${sum(measured.cpu).toFixed(0)} |`);
      shares.push(`${instances} of each: ${cpuLine(measured)}`);
    }
    console.log(`\nCPU µs a message by process\n${shares.join('\n')}`);
  } finally {
    await Promise.all(more.map(stop));
  }
});

/** With the environment of the one that runs, but for its name and its port. */
async function startAnother(road: Road, service: string): Promise<ChildProcess> {
  const environment = readFileSync(`/proc/${road.stack.ready.processes[service] as number}/environ`, 'utf8')
    .split('\0')
    .filter(Boolean);
  const inherited = Object.fromEntries(environment.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const { NODE_CHANNEL_FD: _, ...env } = { ...inherited, SERVICE_INSTANCE: `${service}-second`, HEALTH_PORT: '0' } as NodeJS.ProcessEnv;
  const main = join(root, 'apps', service, 'src/main.ts');
  const child = spawn(process.execPath, [main], { cwd: root, env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`no figure: a second ${service} ended before it was ready`);
  });
  await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {});
  road.alsoCount(`second ${service}`, child.pid as number);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
