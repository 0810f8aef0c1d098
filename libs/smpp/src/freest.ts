import type { Session } from './session-api.ts';

/** The session with the most room in its window; undefined: none has any. */
export function freest(sessions: Iterable<Session>): Session | undefined {
  let best: Session | undefined;
  let bestFree = 0;
  for (const session of sessions) {
    const free = session.windowFree;
    if (free <= bestFree) continue;
    best = session;
    bestFree = free;
  }
  return best;
}
