import type { Acceptance, Submission } from '@heliograph/accept';
import { commandStatus, type PduOf, type UnsuccessSme } from '@heliograph/smpp';
import { readSubmission, type Read, type ReadFacts } from './submit.ts';

/** The submissions of a submit_multi, one for each SME address, and the destinations that are none. */
export interface MultiSubmission {
  readonly submissions: readonly Submission[];
  readonly refused: readonly UnsuccessSme[];
}

/**
 * What a submit_multi asks for (SMPP 3.4 §4.5.1). `receiptId`: the one message_id of its answer, by which the client knows the message to each
 * destination; the receipts tell them apart by their addresses. Distribution lists are not offered. Pure.
 */
export function readSubmitMulti(pdu: PduOf<'submit_multi'>, receiptId: string, facts: ReadFacts): Read<MultiSubmission> {
  const read = readSubmission(pdu, facts);
  if (!read.ok) return read;
  const submissions: Submission[] = [];
  const refused: UnsuccessSme[] = [];
  for (const to of pdu.dest_address) {
    if (to.dest_flag === 2) refused.push(unsuccess({ addr: to.dl_name }, commandStatus.ESME_RINVDLNAME));
    else
      submissions.push({
        ...read.submission,
        receiptId,
        to: { addr: to.destination_addr, ton: to.dest_addr_ton, npi: to.dest_addr_npi },
      });
  }
  return { ok: true, submission: { submissions, refused } };
}

export type MultiAnswer =
  | { readonly ok: true; readonly fields: { readonly message_id: string; readonly unsuccess_sme: readonly UnsuccessSme[] } }
  | { readonly ok: false; readonly status: number };

/**
 * submit_multi_resp (SMPP 3.4 §4.5.2). When no destination was taken, all for the same reason, that is the answer to the whole: a client that
 * backs off when throttled need not look into the list. When the reasons differ the list tells them, with an empty message_id.
 */
export function answerOfMulti(
  { submissions, refused }: MultiSubmission,
  acceptances: readonly Acceptance[],
  receiptId: string,
  statusOf: (refusal: Extract<Acceptance, { ok: false }>) => number,
): MultiAnswer {
  const unsuccess_sme = [...refused];
  acceptances.forEach((acceptance, i) => {
    if (!acceptance.ok) unsuccess_sme.push(unsuccess((submissions[i] as Submission).to, statusOf(acceptance)));
  });
  if (acceptances.some(({ ok }) => ok)) return { ok: true, fields: { message_id: receiptId, unsuccess_sme } };
  const statuses = new Set(unsuccess_sme.map(({ error_status_code }) => error_status_code));
  const [status] = statuses;
  if (status !== undefined && statuses.size === 1) return { ok: false, status };
  return { ok: true, fields: { message_id: '', unsuccess_sme } };
}

function unsuccess({ addr, ton = 0, npi = 0 }: Submission['to'], error_status_code: number): UnsuccessSme {
  return { dest_addr_ton: ton, dest_addr_npi: npi, destination_addr: addr, error_status_code };
}
