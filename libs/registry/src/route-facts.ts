import { allowedSenders, type RouteFacts } from '@heliograph/routing';
import type { Snapshot } from './snapshot.ts';

/** How connectors do just now, as health and receipts say: what an operator wants of them is in the snapshot. */
export interface ConnectorFacts {
  /** Whether it can send: it has links and its circuit is closed. */
  available(id: string): boolean;
  /** Share of its messages of the last hour that were delivered, 0 to 1; undefined: too few to say. */
  quality(id: string): number | undefined;
}

/** For those who cannot know: each can send, and none is known to be bad. */
const allWell: ConnectorFacts = { available: () => true, quality: () => undefined };

/** What the route table asks of the control plane. */
export function routeFactsOf(
  { connectors, buyPrice, network }: Pick<Snapshot, 'connectors' | 'buyPrice' | 'network'>,
  { available, quality }: ConnectorFacts = allWell,
): RouteFacts {
  return {
    connector(id) {
      const connector = connectors.get(id);
      if (!connector) return undefined;
      const { enabled, mode } = connector;
      const senders = allowedSenders(connector.senders);
      return { enabled, mode, available: available(id), ...(senders ? { senders } : {}) };
    },
    buyPrice,
    quality,
    network,
  };
}
