import type { AnsweredName, PduOf, RequestToSend, ResponsePdu } from './pdus.ts';

type Responses = { [C in AnsweredName]: PduOf<`${C}_resp`> };

/**
 * What became of a request. `malformed`: the peer answered with this command_status but its body cannot be read. `closed`:
 * the session ended first; the peer cannot have seen a request that was not `written`, of any other the outcome is unknown.
 */
export type RequestOutcome<C extends AnsweredName = AnsweredName> =
  | { kind: 'response'; pdu: Responses[C] | PduOf<'generic_nack'> }
  | { kind: 'malformed'; status: number; reason: string }
  | { kind: 'timeout' }
  | { kind: 'closed'; written: boolean };

export type Settle = (outcome: RequestOutcome) => void;

type Outstanding = { command: AnsweredName; sentAt: number; order: number; settle: Settle };
export type Queued = { pdu: RequestToSend; settle: Settle; fail: (error: unknown) => void };

/** sequence_number, §5.1.4: 1 to 0x7FFFFFFF, then again from 1. */
const SEQUENCE_MAX = 0x7fffffff;

/** Our requests: those that wait for room and those that wait for their answers. */
export type Window = ReturnType<typeof createWindow>;

/** `sequence` is the last number used. */
export function createWindow(sequence = 0) {
  // A Map keeps the order of sending, so the oldest are first and a sweep stops at the first that has time left.
  const outstanding = new Map<number, Outstanding>();
  let queue: Queued[] = [];

  return {
    get outstanding() {
      return outstanding.size;
    },
    get queued() {
      return queue.length;
    },
    nextSequence() {
      do sequence = sequence === SEQUENCE_MAX ? 1 : sequence + 1;
      while (outstanding.has(sequence));
      return sequence;
    },
    enqueue: (request: Queued) => void queue.push(request),
    dequeue: () => queue.shift(),
    add: (sequence: number, request: Outstanding) => void outstanding.set(sequence, request),

    /** Settles the request that `sequence` and `command` answer; false when there is none. */
    answer(sequence: number, command: ResponsePdu['command'], outcome: RequestOutcome): boolean {
      const request = outstanding.get(sequence);
      if (request === undefined) return false;
      if (command !== 'generic_nack' && command !== `${request.command}_resp`) return false;
      outstanding.delete(sequence);
      request.settle(outcome);
      return true;
    },
    commandOf: (sequence: number) => outstanding.get(sequence)?.command,

    /** Settles every request sent at or before `sentAt` as timed out; returns their commands. */
    expire(sentAt: number): AnsweredName[] {
      const expired: AnsweredName[] = [];
      for (const [sequence, request] of outstanding) {
        if (request.sentAt > sentAt) break;
        outstanding.delete(sequence);
        expired.push(request.command);
        request.settle({ kind: 'timeout' });
      }
      return expired;
    },
    closeQueued() {
      const waiting = queue;
      queue = [];
      for (const { settle } of waiting) settle({ kind: 'closed', written: false });
    },
    /** `flushed`: how many PDUs the socket has been given. */
    closeOutstanding(flushed: number) {
      const unanswered = [...outstanding.values()];
      outstanding.clear();
      for (const { settle, order } of unanswered) settle({ kind: 'closed', written: order <= flushed });
    },
  };
}
