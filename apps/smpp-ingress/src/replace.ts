import type { ReadReplacement, Replaced, Replacement } from '@heliograph/accept';
import type { Content, Message } from '@heliograph/message';
import { commandStatus, esmClass, type PduOf } from '@heliograph/smpp';
import { statusOf } from './refusal.ts';
import { codingOf, contentOf, refusalOfText, sendAtMsOf, validUntilMsOf, type ReadFacts } from './submit.ts';

/**
 * What a replace_sm (SMPP 3.4 §4.10.1) makes of the message it is about, or the command_status that says what is wrong with it. Times that are
 * empty stay. The PDU has neither data_coding nor esm_class: its text is read as the original's was, and as data_coding 0 where the original
 * came by another door. Pure.
 */
export function readReplace(
  pdu: PduOf<'replace_sm'>,
  original: Message,
  facts: Omit<ReadFacts, 'credential'>,
): ReturnType<ReadReplacement<number>> {
  const refused = refusalOfText(pdu);
  if (refused !== undefined) return faulty(refused);
  const { now, defaultAlphabet } = facts;
  const sendAtMs = sendAtMsOf(pdu, now);
  if (sendAtMs === 'illegible') return faulty(commandStatus.ESME_RINVSCHED);
  const startMs = Math.max(now.getTime(), sendAtMs ?? original.sendAtMs ?? 0);
  const validUntilMs = validUntilMsOf(pdu, new Date(startMs));
  if (validUntilMs === 'illegible') return faulty(commandStatus.ESME_RINVEXPIRY);
  const coding = codingOf(original.dataCoding ?? 0);
  const read = contentOf({ ...pdu, esm_class: original.udhi ? esmClass.UDHI : 0 }, coding.dataCoding, defaultAlphabet);
  if (!read) return faulty(commandStatus.ESME_RREPLACEFAIL);
  const replacement: Replacement = {
    content: partOf(original, read),
    registeredDelivery: pdu.registered_delivery,
    ...(coding.flash ? { flash: true } : {}),
    ...(sendAtMs === undefined ? {} : { sendAtMs }),
    ...(validUntilMs === undefined ? {} : { validUntilMs }),
  };
  return { ok: true, replacement };
}

function faulty(fault: number): { readonly ok: false; readonly fault: number } {
  return { ok: false, fault };
}

/** A part that was marked by SAR parameters, which a replace_sm of 3.4 has not, is still that part. */
function partOf({ content, udhi }: Message, read: Content): Content {
  return udhi || content.udh === undefined ? read : { udh: content.udh, ...read };
}

type Failed = Exclude<Replaced<number>['kind'], 'refused' | 'illegible'>;

/** command_status of replace_sm_resp. Nobody knowing is not the same as that it cannot be done. */
const statuses: Readonly<Record<Failed, number>> = {
  replaced: commandStatus.ESME_ROK,
  not_replaceable: commandStatus.ESME_RREPLACEFAIL,
  not_found: commandStatus.ESME_RREPLACEFAIL,
  unavailable: commandStatus.ESME_RSYSERR,
};

export function statusOfReplace(replaced: Replaced<number>, noCreditStatus: number): number {
  switch (replaced.kind) {
    case 'refused':
      return statusOf(replaced.reason, noCreditStatus);
    case 'illegible':
      return replaced.fault;
    default:
      return statuses[replaced.kind];
  }
}
