import type { MessageClass, TakenBy } from '@heliograph/message';

/** A message that is routed to a connector: as it came, or set aside with others of its tenant. */
export type ToDeliver = TakenBy<'deliver'>;

/** That a provider took it is told in any case. */
const onlyWhileOurs = ['message.failed', 'message.returned', 'message.backlogged'] as const;

/** What came of messages of a connector. */
const outcomesOf = (connector: string) =>
  ({
    stream: 'OUTCOMES',
    subjects: [`message.sent.${connector}`, `message.failed.${connector}`, `message.returned.before.${connector}`],
  }) as const;

/**
 * How the messages of one class that are routed to a connector are read. Whoever reads them, in whatever process, does it under the same
 * name, so that each record is one reader's at a time; and all leave out what any of them had settled or set aside.
 */
export function backlogOf(connector: string, name: MessageClass) {
  return {
    stage: 'deliver',
    stream: 'ROUTED',
    share: `${connector}-${name}`,
    onlyWhileOurs,
    subjects: [`message.routed.${connector}.${name}`],
    skipSettled: [{ stream: 'BACKLOG', subjects: [`message.backlogged.${connector}.${name}.>`] }, outcomesOf(connector)],
  } as const;
}

/** Longer than a process is away that still has some of it. */
const forgottenAfterMs = 24 * 60 * 60_000;

/** How those of one tenant are read that were set aside. Ids have dashes: only something else tells where one ends. */
export function asideOf(connector: string, name: MessageClass, tenant: string) {
  return {
    stage: 'deliver',
    stream: 'BACKLOG',
    share: `${connector}_${name}_${tenant}`,
    onlyWhileOurs,
    subjects: [`message.backlogged.${connector}.${name}.${tenant}`],
    skipSettled: [outcomesOf(connector)],
    forgottenAfterMs,
  } as const;
}
