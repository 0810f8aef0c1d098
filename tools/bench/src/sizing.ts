/**
 * How many cores, processes, streams and databases a number of messages a second needs, worked out of what was measured: µs of CPU a message by
 * process. Pure arithmetic; each constant says where it is from.
 */

/** µs of CPU a message, by process of the stack. */
export type Cost = Readonly<Record<string, number>>;

/** A core that is busier makes its queue grow faster than its work: with random arrivals waiting is 1 / (1 - busy), 3.3 times the work at 70 %. */
const busyMax = 0.7;
/** How long the first event of a record waits for others (libs/queue/src/publisher.ts). */
const lingerS = 0.003;
/** Events in a record (libs/queue/src/record.ts). */
const recordEventsMax = 128;
/** Records a second that one stream stores when each is synced, on the disk of the measurements: 3,400 of 16 kB, 5,000 of 250 octets (design). */
const recordsPerStreamMax = 3_400;
/** Cores a PostgreSQL server is taken to use well; more rows than that need another server, by tenant. */
const coresPerDatabase = 16;
/** Octets a message takes in nats-server in all its events together, and the share of them a link of 10 Gbit/s can carry. */
const octetsPerMessage = 5_000;
const linkOctetsPerS = (10e9 / 8) * busyMax;

/** Processes that are no Node and use several cores. */
const servers = new Set(['nats', 'postgres']);

/** What a message with its receipt puts into each stream: events, and by which process (docs/flow.md). */
export const eventsOf = [
  { stream: 'SUBMITTED', events: 1, publisher: 'smpp-ingress' },
  { stream: 'ROUTED', events: 1, publisher: 'router' },
  { stream: 'OUTCOMES', events: 1, publisher: 'connector-smpp' },
  { stream: 'RECEIPTS', events: 1, publisher: 'connector-smpp' },
  // message.reported by dlr-forwarder, report.delivered by smpp-ingress
  { stream: 'REPORTED', events: 2, publisher: 'dlr-forwarder' },
  { stream: 'NOTIFY', events: 1, publisher: 'dlr-forwarder' },
] as const;

/** Rows of PostgreSQL that a message with its receipt makes, at most (schema.prisma of their owners); the ledger has one for each batch and tenant. */
export const rowsOf = [
  { owner: 'message-log', rows: 2, what: 'message, report' },
  { owner: 'dlr-forwarder', rows: 2, what: 'sent_message and a sent_segment each segment, for as long as a receipt may come' },
] as const;

/** Messages a second that a core does of one stage, as busy as it should be at most. */
export function perCore(microseconds: number): number {
  return (1e6 / microseconds) * busyMax;
}

export interface ProcessNeed {
  readonly name: string;
  readonly cores: number;
  /** Node does one thing at a time: an instance uses a core. Of nats-server and PostgreSQL: servers. */
  readonly instances: number;
}

export interface StreamNeed {
  readonly stream: string;
  readonly eventsPerRecord: number;
  readonly recordsPerS: number;
  /** Streams it is to be split into. */
  readonly partitions: number;
}

export interface Need {
  readonly messagesPerS: number;
  readonly processes: readonly ProcessNeed[];
  readonly cores: number;
  readonly streams: readonly StreamNeed[];
  readonly databases: number;
}

export function needOf(messagesPerS: number, cost: Cost): Need {
  const nodes = Object.entries(cost)
    .filter(([name]) => !servers.has(name))
    .map(([name, us]) => processNeed(name, messagesPerS / perCore(us), 1));
  const instances = new Map(nodes.map(({ name, instances: count }) => [name, count]));
  const streams = eventsOf.map(({ stream, events, publisher }) => streamNeed(stream, messagesPerS * events, instances.get(publisher) ?? 1));
  const natsCores = messagesPerS / perCore(cost['nats'] ?? 0);
  const bytesServers = Math.ceil((messagesPerS * octetsPerMessage) / linkOctetsPerS);
  const nats = { name: 'nats', cores: natsCores, instances: Math.max(bytesServers, ...streams.map(({ partitions }) => partitions)) };
  const postgres = processNeed('postgres', messagesPerS / perCore(cost['postgres'] ?? 0), coresPerDatabase);
  const processes = [...nodes, nats, postgres];
  return { messagesPerS, processes, cores: processes.reduce((all, { cores }) => all + cores, 0), streams, databases: postgres.instances };
}

function processNeed(name: string, cores: number, coresEach: number): ProcessNeed {
  return { name, cores, instances: Math.max(1, Math.ceil(cores / coresEach)) };
}

/** Each publisher gathers for itself, so the more of them there are the fewer events a record has. */
function streamNeed(stream: string, eventsPerS: number, publishers: number): StreamNeed {
  const gathered = (eventsPerS / publishers) * lingerS;
  const eventsPerRecord = Math.min(recordEventsMax, Math.max(1, gathered));
  const recordsPerS = eventsPerS / eventsPerRecord;
  return { stream, eventsPerRecord, recordsPerS, partitions: Math.ceil(recordsPerS / recordsPerStreamMax) };
}

/** Messages a second of a machine with fewer cores than processes, all busy: what is left beside the load is shared. */
export function predictedRate(cores: number, cost: Cost, loadMicroseconds: number): number {
  return (cores * 1e6) / (Object.values(cost).reduce((all, one) => all + one, 0) + loadMicroseconds);
}
