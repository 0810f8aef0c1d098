/** The four session timers of §7.2, in milliseconds. 0 turns one off, except `responseMs`. */
export type SessionTimers = {
  /** A connection that has not bound after this is closed. */
  sessionInitMs: number;
  /** Silence from the peer after which it is asked for life. */
  enquireLinkMs: number;
  /** Time without any request but enquire_link, from either side, after which the session is unbound. */
  inactivityMs: number;
  /** Time an answer may take; also how long a peer may leave what we write unread. */
  responseMs: number;
};

/** What the decision needs, times in milliseconds of one clock. */
export type TimerFacts = {
  bound: boolean;
  openedAt: number;
  /** Last PDU read, of any kind. */
  heardAt: number;
  /** When an enquire_link was sent that nothing has been heard after; undefined when none is out. */
  enquiredAt: number | undefined;
  /** Last request of either side, enquire_link apart. */
  activeAt: number;
  /** Requests of either side without an answer. */
  outstanding: number;
  /** We have stopped reading, so silence says nothing about the peer. */
  readingPaused: boolean;
  /** Since when written octets wait without any progress; undefined when none wait. */
  writeStuckAt: number | undefined;
};

export type TimerDecision = 'none' | 'enquire' | 'session_init_timeout' | 'enquire_link_timeout' | 'inactive' | 'peer_not_reading';

export function decideTimers(facts: TimerFacts, now: number, timers: SessionTimers): TimerDecision {
  const { sessionInitMs, enquireLinkMs, inactivityMs, responseMs } = timers;
  if (facts.writeStuckAt !== undefined && now - facts.writeStuckAt >= responseMs) return 'peer_not_reading';
  if (!facts.bound) return sessionInitMs > 0 && now - facts.openedAt >= sessionInitMs ? 'session_init_timeout' : 'none';
  if (facts.readingPaused) return 'none';
  if (facts.enquiredAt !== undefined) return now - facts.enquiredAt >= responseMs ? 'enquire_link_timeout' : 'none';
  if (inactivityMs > 0 && facts.outstanding === 0 && now - facts.activeAt >= inactivityMs) return 'inactive';
  return enquireLinkMs > 0 && now - facts.heardAt >= enquireLinkMs ? 'enquire' : 'none';
}

/**
 * Milliseconds between two looks at the clock: a quarter of the shortest timer, so none is late by more than that, but at
 * most one second apart and at least 5 ms. One interval per session replaces a timeout per PDU.
 */
export function tickMs(timers: SessionTimers): number {
  const set = Object.values(timers).filter((ms) => ms > 0);
  return Math.max(5, Math.min(1000, ...set.map((ms) => Math.floor(ms / 4))));
}
