import { isDeepStrictEqual } from 'node:util';
import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { isAside, isDelayed, streams, subjectOf, subjectsOf, type MessageDue, type StreamName } from '@heliograph/message';
import { patiently } from './patient.ts';

export const deadLetterStream = 'DEAD';
/** Where the events of a delayed stream wait for their time, one subject each. */
const waitingSubjects = 'schedule.>';
const day = 24 * 60 * 60 * 1e9; // ns
const streamNotFound = 10059;

export interface StreamSizes {
  /** 1 on a single server, 3 in a cluster. */
  readonly replicas: number;
  /** Octets of messages waiting to be routed above which new ones are refused. */
  readonly submittedOctetsMax: number;
  /** How long a report waits for a tenant that is not bound, ms. */
  readonly reportRetentionMs: number;
}

export const defaultStreamSizes: StreamSizes = {
  replicas: 1,
  submittedOctetsMax: 2 * 1024 ** 3,
  reportRetentionMs: 7 * 24 * 60 * 60 * 1000,
};

/** Creates the streams the flow names, or brings their configuration up to date. Safe to run by every service at its start. */
export async function ensureStreams(jsm: JetStreamManager, sizes: StreamSizes): Promise<void> {
  for (const name of Object.keys(streams) as StreamName[]) await patiently(() => ensureStream(jsm, configOf(name, sizes)));
  const deadLetters = {
    ...base(sizes),
    name: deadLetterStream,
    subjects: ['dead.>'],
    retention: RetentionPolicy.Limits,
    max_age: 30 * day,
  };
  await patiently(() => ensureStream(jsm, deadLetters));
}

function configOf(name: StreamName, sizes: StreamSizes): Config {
  const { events, retention } = streams[name];
  return {
    ...base(sizes),
    name,
    subjects: [...events.map(subjectsOf), ...(isDelayed(name) ? [waitingSubjects] : [])],
    retention: retention === 'queue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    ...(name === 'SUBMITTED' ? { max_bytes: sizes.submittedOctetsMax } : {}),
    // the server takes no schedules in a stream that discards new; without limits it discards nothing
    ...(isDelayed(name) ? { allow_msg_schedules: true, discard: DiscardPolicy.Old } : {}),
    ...(retention === 'queue' && !isAside(name) ? { max_age: sizes.reportRetentionMs * 1e6 } : {}),
  };
}

/** Where the event waits: as it is called when it comes due, with another first token, so that one filter names both. */
export function waitingSubject(event: MessageDue): string {
  return subjectOf(event).replace('message', 'schedule');
}

/** Whatever waits about this message; with `*` for `first`, what came due, too. */
export function waitingFilter(messageId: string, first: 'schedule' | '*' = 'schedule'): string {
  return `${first}.due.*.${messageId}`;
}

type Config = Partial<StreamConfig> & { name: string };

/** Full means refuse to accept, never drop: discard new. */
function base(sizes: StreamSizes): Omit<Config, 'name'> {
  return {
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    num_replicas: sizes.replicas,
    duplicate_window: 120e9,
    allow_direct: true,
  };
}

/**
 * Subjects that are there stay: they are of a newer version, whose events would have no place after a process of an older one has started. What is as
 * it should be is left alone: in a cluster each change is agreed upon by all servers, and each service that starts would ask for eleven.
 */
async function ensureStream(jsm: JetStreamManager, config: Config): Promise<void> {
  try {
    const there = (await jsm.streams.info(config.name)).config;
    const wanted = { ...config, subjects: [...new Set([...there.subjects, ...(config.subjects ?? [])])] };
    const keys = Object.keys(wanted) as (keyof typeof wanted)[];
    if (keys.every((key) => isDeepStrictEqual(wanted[key], there[key]))) return;
    await jsm.streams.update(config.name, wanted);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error;
    await jsm.streams.add(config);
  }
}
