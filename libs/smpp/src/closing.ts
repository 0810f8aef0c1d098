import { type Link, tellState, write } from './link.ts';
import type { ResponsePdu } from './pdus.ts';
import { callWaiters } from './requests.ts';
import type { CloseReason } from './session-api.ts';

/** The graceful end, §4.2: requests of both sides are answered, then unbind is said. A session that is not bound only closes. */
export function startUnbind(link: Link, reason: CloseReason): void {
  if (link.closing !== undefined || link.leaving !== 'no') return;
  if (link.bound === undefined) {
    end(link, { ...reason, detail: 'was not bound' });
    return;
  }
  link.leavingReason = reason;
  leave(link, 'draining');
  sayUnbindWhenDrained(link);
}

function leave(link: Link, how: 'draining' | 'told'): void {
  link.leaving = how;
  link.leavingAt = link.now();
  link.window.closeQueued();
  callWaiters(link);
  tellState(link);
}

/** After unbind the peer need not wait for what it is owed, so that comes first. */
function sayUnbindWhenDrained(link: Link): void {
  if (link.leaving === 'draining' && link.held === 0) sayUnbind(link);
}

/** A peer that always has something in work with us is told all the same, after so long: what it sends until its answer is work like any other. */
export const drainMsMax = 1_000;

/** The peer goes on submitting, or the application owes answers for too long: unbind is said, and what is held may still be answered. */
export function sayUnbind(link: Link): void {
  if (link.closing !== undefined || link.window.outstanding > 0) return;
  link.leaving = 'asked';
  link.leavingAt = link.now();
  link.unbindSequence = link.window.nextSequence();
  write(link, { command: 'unbind', sequence: link.unbindSequence });
}

/** Whether `pdu` answers our unbind. */
export function takeUnbindAnswer(link: Link, { command, sequence }: ResponsePdu): boolean {
  if (link.leaving !== 'asked' || sequence !== link.unbindSequence) return false;
  if (command !== 'unbind_resp' && command !== 'generic_nack') return false;
  link.leaving = 'answered';
  finishLeaving(link);
  return true;
}

/** The peer says unbind. */
export function takeUnbind(link: Link, sequence: number): void {
  if (link.leaving === 'asked' || link.leaving === 'answered') {
    // Two unbinds have crossed: theirs is answered at once, ours is taken for answered.
    write(link, { command: 'unbind_resp', sequence });
    link.leaving = 'answered';
  } else {
    link.unbindSequence = sequence;
    leave(link, 'told');
  }
  finishLeaving(link);
}

/**
 * A peer that says unbind may still answer what was on its way to it: without its answers nobody knows what became of our requests, and what is
 * sent again arrives twice. So long one that does not may keep us from binding anew.
 */
export const owedMsMax = 5_000;

/**
 * To be called whenever a request of either side is settled: ends an unbinding session once nothing of the peer's is held, nor, where the peer said
 * it, anything of ours is unanswered.
 */
export function finishLeaving(link: Link): void {
  const { leaving } = link;
  if (link.held > 0 || link.closing !== undefined) return;
  if (leaving === 'draining') return sayUnbindWhenDrained(link);
  if (leaving === 'told' && link.window.outstanding > 0) return;
  if (leaving === 'told') write(link, { command: 'unbind_resp', sequence: link.unbindSequence });
  if (leaving === 'told' || leaving === 'answered') end(link, link.leavingReason);
}

/** The peer did not answer our unbind, or the application still owes answers: the link ends all the same. */
export function giveUpLeaving(link: Link): void {
  const { leaving, leavingReason, held, window } = link;
  if (leaving === 'told') write(link, { command: 'unbind_resp', sequence: link.unbindSequence });
  const unanswered = held > 0 ? `${held} requests were not answered` : `${window.outstanding} requests of ours were not answered`;
  end(link, { ...leavingReason, detail: leaving === 'asked' ? 'unbind was not answered' : unanswered });
}

/** The end without ceremony: what is written goes out, whoever waits is told, the socket closes. */
export function end(link: Link, reason: CloseReason): void {
  if (link.closing !== undefined) return;
  const { outbox, window, socket } = link;
  outbox.flush();
  link.closing = { reason, at: link.now() };
  window.closeQueued();
  window.closeOutstanding(outbox.flushed);
  callWaiters(link);
  tellState(link);
  if (reason.code === 'peer_not_reading') {
    socket.destroy();
    return;
  }
  // What still comes is read and dropped: unread octets would turn our last words into a reset.
  socket.resume();
  socket.end();
}
