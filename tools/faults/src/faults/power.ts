import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { streams } from '@heliograph/message';
import type { Fault, Scene } from '../fault.ts';
import { untilAccepted } from '../pauses.ts';
import { acknowledgements, straceArgs } from '../power/trace.ts';

/** All that keep messages; buckets in memory promise nothing about a disk. */
const onDisk = new Set<string>([...Object.keys(streams), 'DEAD']);

/** Messages that are accepted while it is looked. Each gives acknowledgements of about five streams. */
const watched = 200;

export const powerFaults: readonly Fault[] = [
  {
    name: 'loss of power: every acknowledged record was synced before (strace)',
    group: 'machine',
    impossible: noStrace,
    strike: (scene) => watch(scene, ['nats'], 1),
  },
  {
    name: 'loss of power, three nats-servers: two had synced every acknowledged record before (strace)',
    group: 'cluster',
    impossible: noStrace,
    stack: { env: { HELIOGRAPH_NATS_SERVERS: '3' } },
    // three servers that are looked at are slow enough to lose their leaders
    allowed: { refusals: ['ESME_RSYSERR', 'ESME_RTHROTTLED', '503 unavailable'] },
    strike: (scene) => watch(scene, ['nats-1', 'nats-2', 'nats-3'], 2),
  },
];

/** It has to be allowed to look at another process, too (ptrace). */
function noStrace(): string | undefined {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs strace';
  }
}

async function watch({ stack, accepted, say }: Scene, servers: readonly string[], syncedMin: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-power-'));
  const file = join(folder, 'nats.strace');
  try {
    const pids = servers.flatMap((server) => ['-p', String(stack.pid(server))]);
    const strace = spawn('strace', [...straceArgs, '-o', file, ...pids], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(strace, 'exit');
    for (let attached = 0; attached < servers.length;)
      attached += String((await once(strace.stderr, 'data'))[0]).match(/Process \d+ attached/g)?.length ?? 0;
    say(`strace looks at ${servers.join(', ')}`);
    const until = accepted() + watched;
    await untilAccepted(accepted, until);
    strace.kill('SIGINT');
    await ended;
    judge(acknowledgements(await linesOf(file), onDisk), syncedMin, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was written before strace looked is not known, and of a record that was on its way then only the acknowledgement is seen. */
function judge(seen: ReturnType<typeof acknowledgements>, syncedMin: number, say: Scene['say']): void {
  const firstWritten = new Map<string, number>();
  for (const { stream, seq, written } of seen)
    if (written > 0) firstWritten.set(stream, Math.min(seq, firstWritten.get(stream) ?? Infinity));
  const judged = seen.filter(({ stream, seq }) => seq >= (firstWritten.get(stream) ?? 0));
  const unsynced = judged.filter(({ synced }) => synced < syncedMin);
  const byStream = [...onDisk].flatMap((name) => {
    const count = judged.filter(({ stream }) => stream === name).length;
    return count === 0 ? [] : [`${name} ${count}`];
  });
  say(
    `${judged.length} acknowledgements of records: ${byStream.join(', ')}; of ${seen.length - judged.length} the record was written before strace looked`,
  );
  if (judged.length === 0) throw new Error('no acknowledgement was seen: nothing is shown');
  if (unsynced.length > 0)
    throw new Error(
      `${unsynced.length} records were acknowledged before they were synced, such as ${JSON.stringify(unsynced.slice(0, 5))}`,
    );
  say(`each was synced by ${syncedMin} or more before`);
}

async function linesOf(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) lines.push(line);
  return lines;
}
