import { drainMsMax, end, finishLeaving, giveUpLeaving, owedMsMax, sayUnbind, startUnbind } from './closing.ts';
import { mustPause, pump } from './incoming.ts';
import { type Link, write } from './link.ts';
import { roomMade } from './requests.ts';
import { isBind } from './states.ts';
import { decideTimers } from './timers.ts';

/** How long a peer may take to close its side after we closed ours. */
const LINGER_MS_MAX = 2000;

/** A look at the clock, every `tickMs`: what is late is ended, what is idle is asked for life. */
export function tick(link: Link): void {
  const { closing, timers, socket } = link;
  const at = link.now();
  if (closing !== undefined) {
    const linger = socket.writableLength > 0 ? timers.responseMs : Math.min(timers.responseMs, LINGER_MS_MAX);
    if (at - closing.at >= linger) socket.destroy();
    return;
  }
  expireRequests(link, at);
  // A Duplex with a high water mark above ours never says drain.
  if (link.readingPaused && !mustPause(link)) pump(link);
  link.outbox.trim();
  const leavingTooLong = link.leaving !== 'no' && at - link.leavingAt >= Math.min(leavingMsMax(link), timers.responseMs);
  if (leavingTooLong && link.leaving === 'draining') sayUnbind(link);
  else if (leavingTooLong) giveUpLeaving(link);
  else obeyTimers(link, at);
}

function leavingMsMax({ leaving, held, timers }: Link): number {
  if (leaving === 'draining') return drainMsMax;
  return leaving === 'told' && held === 0 ? owedMsMax : timers.responseMs;
}

function expireRequests(link: Link, at: number): void {
  for (const command of link.window.expire(at - link.timers.responseMs)) {
    link.counts.timeouts++;
    if (isBind(command)) link.bindAsked = undefined;
    link.onEvent?.({ kind: 'timeout', command });
  }
  roomMade(link);
  finishLeaving(link);
}

function obeyTimers(link: Link, at: number): void {
  const { openedAt, heardAt, enquiredAt, activeAt, readingPaused } = link;
  const outstanding = link.window.outstanding + link.held;
  const facts = {
    bound: link.bound !== undefined,
    openedAt,
    heardAt,
    enquiredAt,
    activeAt,
    outstanding,
    readingPaused,
    writeStuckAt: link.outbox.stuckAt,
  };
  const decision = decideTimers(facts, at, link.timers);
  if (decision === 'enquire') enquire(link, at);
  else if (decision === 'inactive') startUnbind(link, { code: 'inactive' });
  else if (decision !== 'none') end(link, { code: decision });
}

function enquire(link: Link, at: number): void {
  link.enquiredAt = at;
  link.enquirySequence = link.window.nextSequence();
  write(link, { command: 'enquire_link', sequence: link.enquirySequence });
}
