import { messageClasses, later, type MessageClass, type Outcome, type Routed } from '@heliograph/message';
import { reservedConnectorIds, type Connector } from '@heliograph/registry';
import type { Answer } from '../send/answer.ts';
import { expire, fail, giveUp, isBegun, isExpired } from '../send/deliver.ts';

/** Messages that are routed to a connector which no process may run. */
export interface Orphanage {
  readonly connector: string;
  readonly class: MessageClass;
  /** Those of a tenant that were set aside. */
  readonly tenant?: string;
}

/** Of the subjects that have records, those of connectors that are removed or disabled. The platform's own stand-ins are in no registry. */
export function orphanages(subjects: readonly string[], connectors: ReadonlyMap<string, Pick<Connector, 'enabled'>>): readonly Orphanage[] {
  return subjects.flatMap((subject) => {
    const [connector = '', name = '', tenant] = subject.split('.').slice(2);
    const known = messageClasses.find((one) => one === name);
    if (!known || reservedConnectorIds.has(connector) || connectors.get(connector)?.enabled) return [];
    return [{ connector, class: known, ...(tenant === undefined ? {} : { tenant }) }];
  });
}

export interface OrphanFacts {
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
 * may not know a new connector yet. A removed one's go to their next route where their rule lets them go on.
 */
export function orphan(
  event: Routed,
  answers: readonly (Answer | undefined)[],
  { registered, registrySeenAtMs, storedAtMs, cancelled }: OrphanFacts,
  now: number,
): Outcome {
  const { message } = event;
  if (isExpired(message, now)) return expire(event, answers, now);
  if (cancelled && !isBegun(answers)) return fail(event, now, 'cancelled');
  if (registered) return later(Math.min(message.validUntilMs, now + lookAgainMs), 'disabled');
  if (registrySeenAtMs <= storedAtMs + clockSlackMs) return later(now + readAgainMs, 'registry not read since');
  const mayBeOut = answers.some((answer) => answer?.kind === 'unknown');
  return giveUp(event, answers, now, mayBeOut ? 'provider_unknown_outcome' : 'connector_removed');
}
