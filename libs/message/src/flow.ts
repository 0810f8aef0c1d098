import type { EventOf, EventType, HeliographEvent, MessageReturned } from './event.ts';

/** One step of a message's way: which app does it, which events it takes, which it gives. */
export interface Stage {
  readonly apps: readonly string[];
  readonly takes: readonly EventType[];
  readonly gives: readonly EventType[];
  /** What it does, in words for the picture. */
  readonly does: string;
}

/** The whole way of a message. Streams, consumers, the picture in docs/flow.md and tests are derived from this list. */
export const flow = {
  accept: {
    apps: ['smpp-ingress', 'http-api', 'router'],
    takes: [],
    gives: ['message.submitted'],
    does: 'checks, prices and charges a submission; one durable record holds the message and its charge',
  },
  change: {
    apps: ['smpp-ingress', 'http-api'],
    takes: [],
    gives: ['message.due', 'message.replaced'],
    does: 'gives a message that waits for its time other content or another time; lets it come due at once to be cancelled, or to go on when it was held for a review',
  },
  route: {
    apps: ['router'],
    takes: ['message.submitted', 'message.due', 'message.returned'],
    gives: ['message.scheduled', 'message.due', 'message.routed', 'message.failed'],
    does: 'lets a message wait for its time, or for a review; ends what was cancelled meanwhile; chooses the connector by the rules of the route table, and the next one for what comes back',
  },
  deliver: {
    apps: ['connector-smpp', 'router'],
    takes: ['message.routed', 'message.backlogged'],
    gives: ['message.sent', 'message.failed', 'message.returned', 'message.backlogged'],
    does: 'submits every segment to the provider within its window and pace, tenants in turn; sets aside what a tenant has beyond its share; the provider of test messages is played by the router',
  },
  receive: {
    apps: ['connector-smpp', 'router'],
    takes: [],
    gives: ['receipt.received', 'inbound.received'],
    does: "stores a provider's receipt, or a handset's message, before the provider is answered",
  },
  match: {
    apps: ['router'],
    takes: ['inbound.received'],
    gives: ['inbound.matched', 'inbound.unmatched', 'inbound.due'],
    does: "puts the parts of a handset's message together and says whose it is; keeps who wants no more",
  },
  report: {
    apps: ['dlr-forwarder'],
    takes: ['message.sent', 'message.failed', 'receipt.received'],
    gives: ['message.reported', 'report.due', 'message.returned'],
    does: 'matches receipts to messages and states how each message ended, or that it goes on to its next route',
  },
  notify: {
    apps: ['smpp-ingress'],
    takes: ['report.due', 'inbound.due'],
    gives: ['report.delivered', 'inbound.delivered'],
    does: "hands the report, or a handset's message, to a bound session of the tenant (deliver_sm)",
  },
  webhook: {
    apps: ['dlr-forwarder'],
    takes: ['message.reported', 'balance.low', 'inbound.matched'],
    gives: ['report.delivered', 'report.exhausted', 'inbound.delivered'],
    does: "posts the signed report, the notice of a low balance or a handset's message to the tenant's webhook",
  },
  charge: {
    apps: ['billing-credits'],
    takes: ['message.submitted'],
    gives: ['balance.low'],
    does: 'posts the charges of the stream to the ledger, exactly once by position; says when a balance is low',
  },
  refund: {
    apps: ['billing-credits'],
    takes: ['message.reported'],
    gives: [],
    does: 'gives back what the price plan says is not paid for',
  },
  log: {
    apps: ['message-log'],
    takes: [
      'message.submitted',
      'message.scheduled',
      'message.replaced',
      'message.routed',
      'message.returned',
      'message.sent',
      'message.failed',
      'message.reported',
      'report.delivered',
      'report.exhausted',
      'inbound.matched',
      'inbound.unmatched',
      'inbound.delivered',
    ],
    gives: [],
    does: 'keeps the searchable history and the trace of every message',
  },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof flow;
/** The events a stage takes. */
export type TakenBy<S extends StageName> = EventOf<Extract<(typeof flow)[S]['takes'][number], EventType>>;

/** Where each event is kept. `queue`: a record goes once its one reader has it; `log`: several readers, trimmed behind the slowest. */
export interface Stream {
  readonly events: readonly EventType[];
  readonly retention: 'log' | 'queue';
  /** Its events are handed out at their `dueAtMs`; until then they wait in the same stream, where no stage reads them. */
  readonly delayed?: true;
  /**
   * A stage sets aside here, for itself, what it has taken from another stream. What it does of a record later is looked up after a crash, as of
   * that stream's, and its records wait as long as they have to.
   */
  readonly aside?: true;
}

export const streams = {
  SUBMITTED: { events: ['message.submitted'], retention: 'log' },
  SCHEDULED: { events: ['message.due'], retention: 'log', delayed: true },
  ROUTED: { events: ['message.routed'], retention: 'log' },
  BACKLOG: { events: ['message.backlogged'], retention: 'queue', aside: true },
  OUTCOMES: { events: ['message.scheduled', 'message.replaced', 'message.sent', 'message.failed', 'message.returned'], retention: 'log' },
  RECEIPTS: { events: ['receipt.received'], retention: 'log' },
  INBOUND: { events: ['inbound.received'], retention: 'log' },
  MATCHED: { events: ['inbound.matched', 'inbound.unmatched', 'inbound.delivered'], retention: 'log' },
  REPORTED: { events: ['message.reported', 'report.delivered', 'report.exhausted', 'balance.low'], retention: 'log' },
  NOTIFY: { events: ['report.due', 'inbound.due'], retention: 'queue' },
} as const satisfies Record<string, Stream>;

export type StreamName = keyof typeof streams;

export function isDelayed(stream: StreamName): boolean {
  return 'delayed' in streams[stream];
}

export function isAside(stream: StreamName): boolean {
  return 'aside' in streams[stream];
}

export function streamOf(type: EventType): StreamName {
  for (const [name, stream] of Object.entries(streams)) {
    if ((stream.events as readonly EventType[]).includes(type)) return name as StreamName;
  }
  throw new Error(`event ${type} has no stream`);
}

/** The subject an event is published on: its type, then what a reader may select by. Connector and credential ids are subject tokens. */
export function subjectOf(event: HeliographEvent): string {
  switch (event.type) {
    case 'message.submitted':
      return `message.submitted.${event.message.class}`;
    case 'message.scheduled':
      return 'message.scheduled.all';
    case 'message.replaced':
      return 'message.replaced.all';
    case 'message.due':
      // one subject for each message: by it the queue knows whether it came due already
      return `message.due.${event.message.class}.${event.message.id}`;
    case 'message.routed':
      return `message.routed.${event.connector}.${event.message.class}`;
    case 'message.backlogged':
      return `message.backlogged.${event.connector}.${event.message.class}.${event.message.tenant}`;
    case 'message.returned':
      return isReturnedOnce(event) ? `message.returned.after.${event.message.id}.${event.attempt}` : `message.returned.before.${event.by}`;
    case 'message.sent':
      return `message.sent.${event.connector}`;
    case 'message.failed':
      return `message.failed.${event.by}`;
    case 'receipt.received':
      return `receipt.received.${event.connector}`;
    case 'message.reported':
      return 'message.reported.all';
    case 'report.due':
      return `report.due.smpp.${event.message.credential}`;
    case 'report.delivered':
    case 'report.exhausted':
      return `${event.type}.${event.via}`;
    case 'balance.low':
      return 'balance.low.all';
    case 'inbound.received':
      return `inbound.received.${event.connector}`;
    case 'inbound.matched':
    case 'inbound.unmatched':
      return `${event.type}.all`;
    case 'inbound.due':
      return `inbound.due.smpp.${event.credential}`;
    case 'inbound.delivered':
      return `inbound.delivered.${event.via}`;
  }
}

/**
 * Given after a provider took it: by what is said, or not said, later. Who gives it may do so again after a crash, and nothing but the stream
 * knows that it did: so it has a subject of its own, of which the stream takes one.
 */
export function isReturnedOnce({ why }: Pick<MessageReturned, 'why'>): boolean {
  return why === 'undelivered' || why === 'no_receipt';
}

/** Every subject of an event type. */
export function subjectsOf(type: EventType): string {
  return `${type}.>`;
}

/** Lower-case letters, digits and dashes, 1..40: fits a NATS subject token, a file name and a metric label. */
export function isSubjectToken(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,39}$/.test(text);
}
