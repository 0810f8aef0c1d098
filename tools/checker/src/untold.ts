import type { Evidence, KnownMessage } from './evidence.ts';

/**
 * Why the platform has a message that nobody was told of. `unanswered`: its answer was lost; `refused`: its tenant was told that it is not
 * accepted; `foreign`: only another tenant asked for it; `unasked`: nobody did; `erased`: its content is gone, so nobody can say.
 */
export type UntoldReason = 'unanswered' | 'refused' | 'foreign' | 'unasked' | 'erased';

export interface Untold {
  readonly message: KnownMessage;
  readonly tenant: string;
  readonly reason: UntoldReason;
}

/** Each unanswered submission explains one message of its content. */
export function untoldOf({ messages, contents }: Evidence): readonly Untold[] {
  const explained = new Map<string, number>();

  function reasonOf({ platformContent: content }: KnownMessage, tenant: string): UntoldReason {
    if (content === undefined) return 'erased';
    let asks = contents.get(content)?.asks;
    if (!asks) return 'unasked';
    while (asks && asks.tenant !== tenant) asks = asks.next;
    if (!asks) return 'foreign';
    const key = `${tenant} ${content}`;
    const used = explained.get(key) ?? 0;
    if (used < asks.unanswered) {
      explained.set(key, used + 1);
      return 'unanswered';
    }
    return asks.refused > 0 ? 'refused' : 'unasked';
  }

  const untold: Untold[] = [];
  for (const message of messages.values()) {
    const { told, listedBy } = message;
    if (!told && listedBy !== undefined) untold.push({ message, tenant: listedBy, reason: reasonOf(message, listedBy) });
  }
  return untold;
}
