import { messageClasses, later, type Message, type MessageClass, type Outcome } from '@heliograph/message';
import { reservedConnectorIds, type Connector } from '@heliograph/registry';
import type { Answer } from './answer.ts';
import { expire, fail, isBegun, isExpired } from './deliver.ts';

/** Messages that are routed to a connector which no process may run. */
export interface Orphanage {
  readonly connector: string;
  readonly class: MessageClass;
}

/** Of the subjects that have records, those of connectors that are removed or disabled. The platform's own stand-ins are in no registry. */
export function orphanages(
  routedSubjects: readonly string[],
  connectors: ReadonlyMap<string, Pick<Connector, 'enabled'>>,
): readonly Orphanage[] {
  return routedSubjects.flatMap((subject) => {
    const [connector = '', name = ''] = subject.split('.').slice(2);
    const known = messageClasses.find((one) => one === name);
    if (!known || reservedConnectorIds.has(connector) || connectors.get(connector)?.enabled) return [];
    return [{ connector, class: known }];
  });
}

export interface OrphanFacts {
  readonly connector: string;
  /** As the registry has it; undefined = removed. */
  readonly registered: Pick<Connector, 'enabled'> | undefined;
  /** Unix ms of the registry's state that `registered` is taken from, or later. */
  readonly registrySeenAtMs: number;
  /** Unix ms at which the stream stored the message, by nats-server's clock. */
  readonly storedAtMs: number;
  /** Its tenant wants it back. */
  readonly cancelled: boolean;
}

/** A disabled connector may be enabled or removed at any time. */
const lookAgainMs = 5_000;
/** Until the registry has been read again. */
const readAgainMs = 1_000;
/** By how much clocks of this machine and nats-server's may differ. */
const clockSlackMs = 2_000;

/**
 * What becomes of a message whose connector is not run. One that was cancelled and not begun ends so. A disabled connector's waits until its time is over, a removed one's has failed. A
 * connector is there when a message is routed to it, so only a registry that was read after that can say that it was removed: an older one
 * may not know a new connector yet.
 */
export function orphan(
  message: Message,
  answers: readonly (Answer | undefined)[],
  { connector, registered, registrySeenAtMs, storedAtMs, cancelled }: OrphanFacts,
  now: number,
): Outcome {
  if (isExpired(message, now)) return expire(message, answers, { connector }, now);
  if (cancelled && !isBegun(answers)) return fail(message, { connector }, now, 'cancelled');
  if (registered) return later(Math.min(message.validUntilMs, now + lookAgainMs), 'disabled');
  if (registrySeenAtMs <= storedAtMs + clockSlackMs) return later(now + readAgainMs, 'registry not read since');
  const mayBeOut = answers.some((answer) => answer?.kind === 'unknown');
  return fail(message, { connector }, now, mayBeOut ? 'provider_unknown_outcome' : 'connector_removed');
}
