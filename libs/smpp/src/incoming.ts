import { isBindRequest, takeBindResponse } from './binding.ts';
import { end, finishLeaving, takeUnbind, takeUnbindAnswer } from './closing.ts';
import { commandStatus, isResponseId } from './constants.ts';
import type { Frame } from './framer.ts';
import { isCongested, type Link, nack, refuse, stateOfRules, write } from './link.ts';
import type { Pdu, RequestName, RequestPdu, ResponseName, ResponsePdu } from './pdus.ts';
import { createReply } from './reply.ts';
import { roomMade } from './requests.ts';
import { isBind, mayIssue, refusal } from './states.ts';
import type { RequestOutcome } from './window.ts';

/** Octets of the peer. */
export function takeOctets(link: Link, chunk: Buffer): void {
  if (link.closing !== undefined) return;
  link.heardAt = link.now();
  link.counts.octetsIn += chunk.length;
  link.framer.push(chunk);
  pump(link);
}

/** Takes every PDU that has come, until we hold as many as we may. */
export function pump(link: Link): void {
  if (link.pumping) return;
  link.pumping = true;
  try {
    while (link.closing === undefined && !mustPause(link)) {
      const frame = link.framer.next();
      if (frame.kind === 'need_more') break;
      take(link, frame);
    }
  } finally {
    // An onEvent that throws must not leave the session deaf.
    link.pumping = false;
    setReading(link);
  }
}

function take(link: Link, frame: Exclude<Frame, { kind: 'need_more' }>): void {
  if (frame.kind === 'lost') {
    nack(link, frame.sequence, commandStatus.ESME_RINVCMDLEN, frame.reason);
    end(link, { code: 'lost', detail: frame.reason });
    return;
  }
  link.counts.pdusIn++;
  link.enquiredAt = undefined;
  if (frame.kind === 'nack') {
    takeIllegible(link, frame);
    return;
  }
  const { pdu } = frame;
  link.onEvent?.({ kind: 'pdu', direction: 'in', command: pdu.command, status: pdu.status });
  if (isRequest(pdu)) takeRequest(link, pdu);
  else takeResponse(link, pdu);
}

function isRequest(pdu: Pdu): pdu is RequestPdu {
  return !pdu.command.endsWith('_resp') && pdu.command !== 'generic_nack';
}

function takeRequest(link: Link, pdu: RequestPdu): void {
  const { command, sequence } = pdu;
  if (command === 'enquire_link') {
    write(link, { command: 'enquire_link_resp', sequence });
    return;
  }
  link.activeAt = link.heardAt;
  const state = stateOfRules(link);
  if (isBind(command) && link.bindAsked !== undefined) refuse(link, command, sequence, commandStatus.ESME_RALYBND);
  else if (!mayIssue(link.peerRole, command, state)) refuse(link, command, sequence, refusal(link.peerRole, command, state));
  else if (command === 'unbind') takeUnbind(link, sequence);
  else handle(link, pdu);
}

function handle(link: Link, pdu: RequestPdu): void {
  const { command } = pdu;
  if (isBindRequest(pdu)) link.bindAsked = { command: pdu.command, sequence: pdu.sequence, systemId: pdu.system_id };
  const reply = createReply(link, pdu, released);
  const failed = (error: unknown): void => {
    link.onEvent?.({ kind: 'handler_failed', command, error });
    reply.error(commandStatus.ESME_RSYSERR);
  };
  try {
    const result = link.onRequest(pdu, reply);
    if (result !== undefined) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function released(link: Link): void {
  link.held--;
  link.activeAt = link.heardAt;
  finishLeaving(link);
  if (!link.readingPaused || link.resumeScheduled || mustPause(link)) return;
  // Once per turn: replies mostly come many at a time, and each pause and resume is work for the event loop.
  link.resumeScheduled = true;
  setImmediate(() => {
    link.resumeScheduled = false;
    pump(link);
  });
}

function takeResponse(link: Link, pdu: ResponsePdu): void {
  const { command, sequence, status } = pdu;
  if (command === 'generic_nack') {
    link.counts.nacksIn++;
    link.onEvent?.({ kind: 'nack', direction: 'in', status, reason: 'generic_nack' });
  }
  if (command === 'enquire_link_resp' && sequence === link.enquirySequence) return;
  if (takeUnbindAnswer(link, pdu)) return;
  takeBindResponse(link, pdu);
  settle(link, sequence, command, { kind: 'response', pdu } as RequestOutcome);
}

function settle(link: Link, sequence: number, command: ResponsePdu['command'], outcome: RequestOutcome): void {
  if (link.window.answer(sequence, command, outcome)) {
    roomMade(link);
    finishLeaving(link);
    return;
  }
  // Late, duplicate, or of the wrong kind. §3.3: responses are never nacked.
  link.counts.unexpectedResponses++;
  link.onEvent?.({ kind: 'unexpected_response', command, sequence });
}

function takeIllegible(link: Link, frame: Extract<Frame, { kind: 'nack' }>): void {
  const { command, sequence, status, reason } = frame;
  if (isResponseId(frame.commandId)) {
    takeIllegibleResponse(link, frame);
    return;
  }
  if (command === undefined) {
    nack(link, sequence, status, reason);
    return;
  }
  const request = command as RequestName;
  const state = stateOfRules(link);
  link.counts.nacksOut++;
  link.onEvent?.({ kind: 'nack', direction: 'out', status, reason });
  refuse(link, request, sequence, mayIssue(link.peerRole, request, state) ? status : refusal(link.peerRole, request, state));
}

function takeIllegibleResponse(link: Link, { command, sequence, receivedStatus, reason }: Extract<Frame, { kind: 'nack' }>): void {
  if (command === undefined || link.window.commandOf(sequence) === undefined) {
    link.counts.unexpectedResponses++;
    link.onEvent?.({ kind: 'unexpected_response', command, sequence });
    return;
  }
  if (link.bindAsked?.sequence === sequence && link.role === 'esme') link.bindAsked = undefined;
  settle(link, sequence, command as ResponseName, { kind: 'malformed', status: receivedStatus, reason });
}

export function mustPause(link: Link): boolean {
  return link.held >= link.receiveWindowMax || isCongested(link);
}

function setReading(link: Link): void {
  const pause = link.closing === undefined && mustPause(link);
  if (pause === link.readingPaused) return;
  link.readingPaused = pause;
  if (link.closing !== undefined) return;
  link.onEvent?.({ kind: 'reading', paused: pause });
  if (pause) {
    link.socket.pause();
    return;
  }
  link.heardAt = link.now();
  link.socket.resume();
}
