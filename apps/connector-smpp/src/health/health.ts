import { messageClasses, type ConnectorHealth, type MessageClass } from '@heliograph/message';
import type { Backlog } from '@heliograph/queue';
import type { Log } from '@heliograph/service';
import type { Circuit } from './circuit.ts';
import type { Tally } from './tally.ts';

export interface HealthOptions {
  readonly connector: string;
  readonly links: () => ConnectorHealth['links'];
  readonly circuit: Circuit;
  readonly tally: Tally;
  readonly sender: { readonly inFlight: number; readonly parked: number; readonly segmentsPerSecond: number };
  /** Asks the server what waits of a class; undefined: nobody reads it yet. */
  readonly backlog: (name: MessageClass) => Promise<Backlog> | undefined;
  readonly log: Log;
}

/** How one connector does, as this process sees it. Times are unix ms. */
export interface Health {
  read(now: number): Omit<ConnectorHealth, 'instance'>;
  /** A link could not be made, or was lost. */
  fault(what: string): void;
}

/** What waits in the streams is asked for so often at most: two calls to nats-server a class. */
const backlogEveryMs = 5_000;
const none = { records: 0, messages: 0 };

export function createHealth({ connector, links, circuit, tally, sender, backlog, log }: HealthOptions): Health {
  let backlogs = Object.fromEntries(messageClasses.map((name) => [name, none])) as ConnectorHealth['backlog'];
  let askedAtMs = -Infinity;
  let lastFault: string | undefined;
  let lastWhy: string | undefined;

  async function ask(): Promise<void> {
    try {
      const asked = await Promise.all(messageClasses.map(async (name) => [name, shown(await backlog(name))] as const));
      backlogs = Object.fromEntries(asked) as ConnectorHealth['backlog'];
    } catch (err) {
      log.debug({ err }, 'backlog not known, the last one is told');
    }
  }

  return {
    read(now) {
      if (now - askedAtMs >= backlogEveryMs) {
        askedAtMs = now;
        void ask();
      }
      circuit.look(now);
      if (circuit.why !== lastWhy) {
        lastWhy = circuit.why;
        // a link that is not bound has a reason of its own, which says more
        if (circuit.why !== undefined && (links().bound > 0 || lastFault === undefined)) lastFault = circuit.why;
      }
      const { state, sinceMs } = circuit;
      const { inFlight, parked, segmentsPerSecond } = sender;
      return {
        connector,
        atMs: now,
        links: links(),
        circuit: state,
        ...(sinceMs === undefined ? {} : { sinceMs }),
        ...(lastFault === undefined ? {} : { lastError: lastFault }),
        ...tally.sums(now),
        ...(segmentsPerSecond === Infinity ? {} : { segmentsPerSecond: Math.round(segmentsPerSecond * 10) / 10 }),
        inFlight,
        waiting: parked,
        backlog: backlogs,
      };
    },
    fault(what) {
      lastFault = what;
    },
  };
}

function shown(given: Backlog | undefined): ConnectorHealth['backlog'][MessageClass] {
  if (!given) return none;
  const { records, events: messages, oldestAtMs } = given;
  return { records, messages, ...(oldestAtMs === undefined ? {} : { oldestAtMs }) };
}
