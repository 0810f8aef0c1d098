import { streams } from '@heliograph/message';
import type { Fault, Scene } from '../fault.ts';
import { untilAccepted } from '../pauses.ts';
import { acknowledgements } from '../power/acknowledgements.ts';
import { commits } from '../power/commits.ts';
import { familyOf, sayCommits } from '../power/postgres.ts';
import { noStrace, traced } from '../power/traced.ts';
import { services } from '../services.ts';
import { variableOf } from '../variable.ts';

/** All that keep messages; buckets in memory promise nothing about a disk. */
const onDisk = new Set<string>([...Object.keys(streams), 'DEAD']);

/** Messages that are accepted while it is looked. Each gives acknowledgements of about five streams. */
const watched = 200;
/** Services commit many messages at once: it takes more of them until each service has committed often. */
const watchedForCommits = 600;

/** Those that tell somebody else of what they have committed. */
const committing = ['http-api', 'dlr-forwarder', 'billing-credits', 'message-log'] as const;

export const powerFaults: readonly Fault[] = [
  {
    name: 'loss of power: every acknowledged record was synced before (strace)',
    group: 'machine',
    impossible: noStrace,
    strike: (scene) => watch(scene, ['nats'], 1),
  },
  {
    name: 'loss of power: every commit of PostgreSQL was synced before it was answered (strace)',
    group: 'machine',
    impossible: noStrace,
    strike: watchCommits,
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

async function watch({ stack, accepted, say }: Scene, servers: readonly string[], syncedMin: number): Promise<void> {
  const pids = servers.map((server) => stack.pid(server) as number);
  const lines = await traced(
    () => pids,
    async () => {
      say(`strace looks at ${servers.join(', ')}`);
      await untilAccepted(accepted, accepted() + watched);
    },
  );
  judge(acknowledgements(lines, onDisk), syncedMin, say);
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

async function watchCommits(scene: Scene): Promise<void> {
  const { stack, accepted, say } = scene;
  const postmaster = stack.pid('postgres') as number;
  let owners = new Map<number, string>();
  const lines = await traced(
    () => familyOf(postmaster),
    async () => {
      const postgres = await sayCommits(variableOf(stack.pid('message-log') as number, 'DATABASE_URL'));
      try {
        say('strace looks at PostgreSQL, which says what it commits');
        const until = accepted() + watchedForCommits;
        for (let i = 0; i < 5; i++) await refusedUnderKey(scene, `power ${i}`);
        await untilAccepted(accepted, until);
        owners = await postgres.clients(Object.fromEntries(services.map((service) => [service, stack.pid(service) as number])));
      } finally {
        await postgres.end();
      }
    },
  );
  judgeCommits(commits(lines), owners, say);
}

/** http-api commits the key before it looks at the request, and then that the answer to it is a refusal: no message comes of it. */
async function refusedUnderKey({ stack }: Scene, key: string): Promise<void> {
  const { url, apiKey } = stack.ready.http;
  const answer = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ to: 'nobody', text: 'none' }),
  });
  if (answer.ok) throw new Error(`POST /v1/messages: ${answer.status} for a message to nobody`);
}

function judgeCommits(seen: ReturnType<typeof commits>, owners: ReadonlyMap<number, string>, say: Scene['say']): void {
  const ownerOf = ({ process }: { readonly process: number }): string => owners.get(process) ?? 'others';
  const counts = Map.groupBy(seen, ownerOf);
  say(`${seen.length} commits were answered: ${[...counts].map(([owner, its]) => `${owner} ${its.length}`).join(', ')}`);
  const silent = committing.filter((service) => !counts.has(service));
  if (silent.length > 0) throw new Error(`no commit of ${silent.join(', ')} was seen: nothing is shown`);
  const unsynced = seen.filter(({ synced }) => !synced);
  if (unsynced.length > 0)
    throw new Error(
      `${unsynced.length} commits were answered before they were synced, such as ${JSON.stringify(
        unsynced.slice(0, 5).map((one) => ({ ...one, of: ownerOf(one) })),
      )}`,
    );
  say('each was synced before');
}
