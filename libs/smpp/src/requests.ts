import { isCongested, type Link, stateNow, stateOfRules, write } from './link.ts';
import type { AnsweredName, PduToWrite, RequestToSend, RequestToSendOf } from './pdus.ts';
import { isBind, mayIssue } from './states.ts';
import type { Queued, RequestOutcome } from './window.ts';

/** Our requests: written while the window has room, queued while it has none. */
export function request<C extends AnsweredName>(link: Link, pdu: RequestToSendOf<C> & { command: C }): Promise<RequestOutcome<C>> {
  return new Promise((resolve, reject) => {
    const queued = { pdu: pdu as unknown as RequestToSend, settle: resolve as (outcome: RequestOutcome) => void, fail: reject };
    if (!takesRequests(link)) resolve({ kind: 'closed', written: false });
    else if (!mayIssue(link.role, pdu.command, stateOfRules(link)))
      reject(new Error(`${pdu.command} may not be sent by the ${link.role} in ${stateNow(link)}`));
    else if (roomToSend(link) <= link.window.queued) link.window.enqueue(queued);
    else send(link, queued);
  });
}

function send(link: Link, { pdu, settle, fail }: Queued): void {
  const { window } = link;
  const sequence = window.nextSequence();
  try {
    write(link, { ...pdu, sequence } as PduToWrite);
  } catch (error) {
    fail(error);
    return;
  }
  link.activeAt = link.now();
  if (isBind(pdu.command)) {
    const { system_id = '' } = pdu as { system_id?: string };
    link.bindAsked = { command: pdu.command, sequence, systemId: system_id };
  }
  window.add(sequence, { command: pdu.command, sentAt: link.activeAt, order: link.outbox.appended, settle });
}

/** To be called whenever an answer has come or the socket has taken octets. */
export function roomMade(link: Link): void {
  while (link.window.queued > 0 && roomToSend(link) > 0) send(link, link.window.dequeue()!);
  callWaiters(link);
}

/** False, and nothing will be called, when the session takes no more requests. */
export function whenWindowFree(link: Link, callback: (takesRequests: boolean) => void): boolean {
  if (!takesRequests(link)) return false;
  link.windowWaiters.push(callback);
  // Not a microtask: who is told of room, sends nothing and asks again would keep the event loop from every socket.
  if (windowFree(link) > 0) setImmediate(callWaiters, link);
  return true;
}

/** Calls back those who wait for room, if there is any or never will be. */
export function callWaiters(link: Link): void {
  if (link.windowWaiters.length === 0 || (takesRequests(link) && windowFree(link) === 0)) return;
  const waiters = link.windowWaiters;
  link.windowWaiters = [];
  for (const callback of waiters) queueMicrotask(() => callback(takesRequests(link)));
}

export function windowFree(link: Link): number {
  if (link.bound === undefined || link.leaving !== 'no') return 0;
  return Math.max(0, roomToSend(link) - link.window.queued);
}

function takesRequests(link: Link): boolean {
  return link.closing === undefined && link.leaving === 'no';
}

function roomToSend(link: Link): number {
  if (link.closing !== undefined || isCongested(link)) return 0;
  return Math.max(0, link.windowMax - link.window.outstanding);
}
