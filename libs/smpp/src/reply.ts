import { acceptBind, isBindRequest } from './binding.ts';
import { type Link, write } from './link.ts';
import { type PduToWrite, type RequestPdu, responseNameOf } from './pdus.ts';
import type { Reply } from './session-api.ts';

/** The one answer to `pdu`, which is held until it is given; `released` is called then. */
export function createReply(link: Link, pdu: RequestPdu, released: (link: Link) => void): Reply {
  const { sequence } = pdu;
  const command = responseNameOf(pdu.command);
  if (command === undefined) return silentReply;
  let answered = false;
  link.held++;
  return {
    get answered() {
      return answered;
    },
    ok(fields) {
      if (answered || link.closing !== undefined) return false;
      if (isBindRequest(pdu)) acceptBind(link, pdu, fields ?? {});
      else write(link, { command, status: 0, sequence, ...fields } as PduToWrite);
      answered = true;
      released(link);
      return true;
    },
    error(status) {
      if (answered || link.closing !== undefined) return false;
      if (isBindRequest(pdu)) link.bindAsked = undefined;
      write(link, { command, status, sequence, headerOnly: true } as PduToWrite);
      answered = true;
      released(link);
      return true;
    },
  };
}

/** outbind and alert_notification have no response (§4.1.7, §4.12). */
const silentReply: Reply = { ok: () => false, error: () => false, answered: true };
