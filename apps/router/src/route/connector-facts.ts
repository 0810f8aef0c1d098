import {
  connectorHealth,
  connectorHealthTtlMs,
  qualityEndedMin,
  qualitySubject,
  type ConnectorHealth,
  type QualityAnswer,
  type QualityQuestion,
  type RouteFactsAnswer,
} from '@heliograph/message';
import type { Queue } from '@heliograph/queue';

/** How connectors do, for choosing among them. Never asked for at the moment of the choice: what was heard last counts. */
export interface ConnectorFacts {
  /** Whether its provider takes messages: some process that runs it has a closed circuit, or nobody has said anything of it lately. */
  available(connector: string): boolean;
  /** 0..1: the delivered share of what ended in the last hour; undefined: too few to say, or nobody says. */
  quality(connector: string): number | undefined;
  /** A message goes to it. */
  routed(connector: string): void;
  /** Of every connector something is known of. */
  known(): RouteFactsAnswer['connectors'];
  stop(): void;
}

export interface ConnectorFactsOptions {
  readonly queue: Pick<Queue, 'ask' | 'listen'>;
  readonly now?: () => number;
}

const qualityOfMs = 3_600_000;
const qualityEveryMs = 30_000;
const qualityTimeoutMs = 10_000;
/** message-log may be away for a while: old shares are better than none. */
const qualityKeptMs = 600_000;
/**
 * A circuit closes when a message comes through, and one that is open gets none while there are others. So where nothing is left to try with,
 * one message is let through so often.
 */
const tryEveryMs = 5_000;

interface Heard {
  readonly health: ConnectorHealth;
  /** By our clock. */
  readonly atMs: number;
}

export function createConnectorFacts({ queue, now = Date.now }: ConnectorFactsOptions): ConnectorFacts {
  /** By connector and process. */
  const heard = new Map<string, Map<string, Heard>>();
  /** When a message went to one that was not available. */
  const triedAtMs = new Map<string, number>();
  let shares: ReadonlyMap<string, number> = new Map();
  let sharesAtMs = -Infinity;

  queue.listen<ConnectorHealth>(connectorHealth, (health) => {
    const of = heard.get(health.connector) ?? new Map<string, Heard>();
    of.set(health.instance, { health, atMs: now() });
    heard.set(health.connector, of);
  });

  async function askQuality(): Promise<void> {
    const at = now();
    const question: QualityQuestion = { sinceMs: at - qualityOfMs };
    const answer = await queue.ask<QualityAnswer>(qualitySubject, question, qualityTimeoutMs);
    if (answer) {
      const said = Object.entries(answer.connectors).filter(([, { ended }]) => ended >= qualityEndedMin);
      shares = new Map(said.map(([id, { ended, delivered }]) => [id, delivered / ended]));
      sharesAtMs = at;
    } else if (at - sharesAtMs > qualityKeptMs) shares = new Map();
  }

  void askQuality();
  const asking = setInterval(() => void askQuality(), qualityEveryMs).unref();
  const forgetting = setInterval(forget, connectorHealthTtlMs).unref();

  function forget(): void {
    for (const [id, of] of heard) {
      for (const [instance, { atMs }] of of) if (now() - atMs > connectorHealthTtlMs) of.delete(instance);
      if (of.size > 0) continue;
      heard.delete(id);
      triedAtMs.delete(id);
    }
  }

  function available(connector: string): boolean {
    const of = heard.get(connector);
    if (!of) return true;
    const at = now();
    let said = false;
    let mayTry = false;
    let waits = false;
    for (const { health, atMs } of of.values()) {
      if (at - atMs > connectorHealthTtlMs) continue;
      if (health.circuit === 'closed') return true;
      said = true;
      if (health.links.bound > 0) mayTry = true;
      if (health.waiting > 0 || health.inFlight > 0) waits = true;
    }
    if (!said) return true;
    return mayTry && !waits && at - (triedAtMs.get(connector) ?? -Infinity) >= tryEveryMs;
  }

  return {
    available,
    quality: (connector) => shares.get(connector),
    routed(connector) {
      const of = heard.get(connector);
      if (!of) return;
      for (const { health } of of.values()) if (health.circuit !== 'closed') return void triedAtMs.set(connector, now());
    },
    known() {
      const ids = new Set([...heard.keys(), ...shares.keys()]);
      return Object.fromEntries([...ids].map((id) => [id, factsOf(available(id), shares.get(id))]));
    },
    stop() {
      clearInterval(asking);
      clearInterval(forgetting);
    },
  };
}

function factsOf(available: boolean, quality: number | undefined): RouteFactsAnswer['connectors'][string] {
  return quality === undefined ? { available } : { available, quality };
}
