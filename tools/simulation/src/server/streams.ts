/** What a stream of the simulated server is made of. */
export interface StoredRecord {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** Unix ms. */
  readonly atMs: number;
}

export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention?: string;
  /** ns; 0: for ever. */
  readonly max_age?: number;
  readonly max_msgs_per_subject?: number;
  readonly storage?: string;
}

export interface StoredStream {
  config: StreamConfig;
  lastSeq: number;
  /** In their order; some may have gone in between. */
  readonly records: Map<number, StoredRecord>;
  readonly bySubject: Map<string, number[]>;
  /** By id, for the duplicate window: what was stored, and when. */
  readonly ids: Map<string, { readonly seq: number; readonly atMs: number }>;
  readonly schedules: Map<string, { readonly seq: number; readonly target: string; readonly dueAtMs: number }>;
  /** Of everything ever stored, for whoever judges. */
  readonly ever: StoredRecord[];
}

export function createStream(config: StreamConfig): StoredStream {
  return { config, lastSeq: 0, records: new Map(), bySubject: new Map(), ids: new Map(), schedules: new Map(), ever: [] };
}

export function covers(filter: string, subject: string): boolean {
  if (filter === subject) return true;
  const tokens = subject.split('.');
  const parts = filter.split('.');
  for (const [i, part] of parts.entries()) {
    if (part === '>') return tokens.length > i;
    if (part !== '*' && part !== tokens[i]) return false;
  }
  return tokens.length === parts.length;
}

export function coveredBy(filters: readonly string[], subject: string): boolean {
  return filters.length === 0 || filters.some((filter) => covers(filter, subject));
}

export function append(stream: StoredStream, subject: string, data: Uint8Array, atMs: number): StoredRecord {
  const record = { seq: ++stream.lastSeq, subject, data, atMs };
  stream.records.set(record.seq, record);
  const of = stream.bySubject.get(subject);
  if (of) of.push(record.seq);
  else stream.bySubject.set(subject, [record.seq]);
  stream.ever.push(record);
  const { max_msgs_per_subject: most } = stream.config;
  if (most !== undefined && most > 0) while ((of?.length ?? 1) > most) remove(stream, (of as number[])[0] as number);
  return record;
}

export function remove(stream: StoredStream, seq: number): void {
  const record = stream.records.get(seq);
  if (!record) return;
  stream.records.delete(seq);
  const of = stream.bySubject.get(record.subject) as number[];
  of.splice(of.indexOf(seq), 1);
  if (of.length === 0) stream.bySubject.delete(record.subject);
}

export function expire(stream: StoredStream, nowMs: number): void {
  const { max_age: maxAgeNs = 0 } = stream.config;
  if (maxAgeNs === 0) return;
  for (const { seq, atMs } of stream.records.values()) {
    if (atMs > nowMs - maxAgeNs / 1e6) return;
    remove(stream, seq);
  }
}

/** The last record whose subject the filter covers; 0: there is none. */
export function lastSeqOf(stream: StoredStream, filter: string): number {
  let last = 0;
  const exact = stream.bySubject.get(filter);
  if (exact) return exact.at(-1) ?? 0;
  for (const [subject, seqs] of stream.bySubject) if (covers(filter, subject)) last = Math.max(last, seqs.at(-1) ?? 0);
  return last;
}

/** The first record from there on. */
export function nextOf(stream: StoredStream, filters: readonly string[], fromSeq: number): StoredRecord | undefined {
  if (filters.length > 0 && filters.every((filter) => !/[*>]/.test(filter))) {
    let first = Infinity;
    for (const filter of filters) {
      const seq = stream.bySubject.get(filter)?.find((one) => one >= fromSeq);
      if (seq !== undefined && seq < first) first = seq;
    }
    return stream.records.get(first);
  }
  for (let seq = Math.max(1, fromSeq); seq <= stream.lastSeq; seq++) {
    const record = stream.records.get(seq);
    if (record && coveredBy(filters, record.subject)) return record;
  }
  return undefined;
}

export function countFrom(stream: StoredStream, filters: readonly string[], fromSeq: number): number {
  let count = 0;
  for (let seq = Math.max(1, fromSeq); seq <= stream.lastSeq; seq++) {
    const record = stream.records.get(seq);
    if (record && coveredBy(filters, record.subject)) count++;
  }
  return count;
}
