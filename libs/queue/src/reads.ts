import type { JetStreamManager, MsgRequest, StoredMsg } from '@nats-io/jetstream';

/** Which record: one, the last of a subject, or the first of a subject from a sequence or a time on. Subjects may have wildcards. */
export type RecordQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly next_by_subj: string; readonly seq: number }
  | { readonly next_by_subj: string; readonly start_time: Date };

/** Questions about single records whose answer something is decided by. */
export interface Reads {
  /** There are several replicas, of which one may lag. */
  readonly replicated: boolean;
  /** The record; null: there is none. Rejects when nobody answers, as while replicas elect their leader. */
  get(stream: string, query: RecordQuery): Promise<StoredMsg | null>;
}

/**
 * Of several replicas any answers a direct get, also one that lags; `min_last_seq` was taken out of nats-server again (nats-server pull request
 * 7285), and 2.15.1 ignores it. `STREAM.MSG.GET` is answered by the leader alone, which has whatever was acknowledged; it knows `next_by_subj`
 * and `start_time` too, though the client's type does not. A single server keeps the direct get, which is 0.1 ms faster (0001).
 */
export function createReads(jsm: Pick<JetStreamManager, 'direct' | 'streams'>, replicas: number): Reads {
  const replicated = replicas > 1;
  return {
    replicated,
    get: (stream, query) => (replicated ? jsm.streams.getMessage(stream, query as MsgRequest) : jsm.direct.getMessage(stream, query)),
  };
}

/** The sequence of the last record that any of the subjects has, 0 = none. */
export async function lastSeqOf({ get }: Reads, stream: string, subjects: readonly string[]): Promise<number> {
  const last = await Promise.all(subjects.map((subject) => get(stream, { last_by_subj: subject })));
  return Math.max(0, ...last.map((record) => record?.seq ?? 0));
}
