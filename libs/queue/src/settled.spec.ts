import { expect, test } from '@jest/globals';
import { JetStreamError, type JetStreamClient, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { createReads, type RecordQuery } from './reads.ts';
import { createSettledLookup, type GivenEvents } from './settled.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const records = ids.map((id, i) => ({
  seq: i + 1,
  data: Buffer.from(JSON.stringify([{ type: 'message.failed', at: 1, message: { id }, cause: { stream: 'SUBMITTED', seq: 7 } }])),
})) as unknown as StoredMsg[];

/** Three replicas: whichever answers a direct get has the first `has` records, the leader all. */
function cluster(has: number): JetStreamManager {
  const from = (query: object): number => ('seq' in query ? (query.seq as number) : 1);
  return {
    direct: {
      async getBatch(_: string, query: RecordQuery) {
        const answered = records.slice(from(query) - 1, has);
        if (answered.length === 0) throw Object.assign(new JetStreamError('message not found'), { code: 404 });
        return (async function* () {
          yield* answered;
        })();
      },
    },
    streams: { getMessage: async (_: string, query: RecordQuery) => records[from(query) - 1] ?? null },
  } as unknown as JetStreamManager;
}

test.each<[string, GivenEvents, has: number]>([
  ['of a log, when the replica that is asked has nothing yet', { stream: 'OUTCOMES', subjects: ['message.failed.router'] }, 0],
  ['of a log, when it has a part', { stream: 'OUTCOMES', subjects: ['message.failed.router'] }, 3],
  ['of what was set aside, when it has nothing yet', { stream: 'BACKLOG', subjects: ['message.backlogged.c.normal.>'] }, 0],
  ['of what was set aside, when it has a part', { stream: 'BACKLOG', subjects: ['message.backlogged.c.normal.>'] }, 3],
  ['of what was set aside, when it has all', { stream: 'BACKLOG', subjects: ['message.backlogged.c.normal.>'] }, 5],
])('what was done is seen though a replica lags: %s', async (_, given, has) => {
  const jsm = cluster(has);
  const lookup = createSettledLookup({
    js: {} as JetStreamClient,
    jsm,
    reads: createReads(jsm, 3),
    source: 'SUBMITTED',
    given: [given],
  });
  expect([...(await lookup.now({ stream: 'SUBMITTED', seq: 7, atMs: 0, redelivered: true }))]).toEqual(ids);
});
