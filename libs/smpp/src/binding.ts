import { INTERFACE_VERSION_3_4 } from './constants.ts';
import { type Link, tellState, write } from './link.ts';
import { type BindName, type BindPdu, type PduToWrite, type RequestPdu, type ResponsePdu, responseNameOf } from './pdus.ts';
import { callWaiters } from './requests.ts';
import type { ReplyFields } from './session-api.ts';
import { boundStates, isBind } from './states.ts';
import { getTlv, noTlvs, tlvs } from './tlvs.ts';

export function isBindRequest(pdu: RequestPdu): pdu is BindPdu {
  return isBind(pdu.command);
}

/** role smsc: the application has said yes. */
export function acceptBind(link: Link, pdu: BindPdu, fields: ReplyFields): void {
  const { tlvs: given = noTlvs, ...mandatory } = fields;
  // §4.1.2: only who speaks 3.4 is told our version. `write` keeps optional parameters from all others.
  const told =
    getTlv(given, 'sc_interface_version') === undefined ? [...tlvs({ sc_interface_version: INTERFACE_VERSION_3_4 }), ...given] : given;
  link.interfaceVersion = pdu.interface_version;
  write(link, { command: responseNameOf(pdu.command), status: 0, sequence: pdu.sequence, ...mandatory, tlvs: told } as PduToWrite);
  link.bindAsked = undefined;
  becomeBound(link, pdu.command, pdu.system_id);
}

/** role esme: bound before anything else of this chunk is read, for the SMSC may deliver right behind its bind_resp. */
export function takeBindResponse(link: Link, pdu: ResponsePdu): void {
  const asked = link.bindAsked;
  if (link.role !== 'esme' || pdu.sequence !== asked?.sequence) return;
  if (pdu.command !== `${asked.command}_resp` && pdu.command !== 'generic_nack') return;
  link.bindAsked = undefined;
  if (pdu.status !== 0 || pdu.command === 'generic_nack') return;
  // §5.3.2.25 takes a missing version for 3.3, but many 3.4 SMSCs leave it out and need optional parameters.
  link.interfaceVersion = getTlv(pdu.tlvs, 'sc_interface_version') ?? INTERFACE_VERSION_3_4;
  becomeBound(link, asked.command, asked.systemId);
}

function becomeBound(link: Link, command: BindName, systemId: string): void {
  link.bound = boundStates[command];
  link.systemId = systemId;
  tellState(link);
  callWaiters(link);
}
