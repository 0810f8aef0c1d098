import type { MessageClass } from '@heliograph/message';

/**
 * How the messages of one class that are routed to a connector are read. Whoever reads them, in whatever process, does it under the same
 * name, so that each record is one reader's at a time; and all leave out what any of them had settled.
 */
export function backlogOf(connector: string, name: MessageClass) {
  return {
    stage: 'deliver',
    stream: 'ROUTED',
    share: `${connector}-${name}`,
    subjects: [`message.routed.${connector}.${name}`],
    skipSettled: [{ stream: 'OUTCOMES', subjects: [`message.sent.${connector}`, `message.failed.${connector}`] }],
  } as const;
}
