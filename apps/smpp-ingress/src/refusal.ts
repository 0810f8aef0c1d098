import type { RefusalReason } from '@heliograph/message';
import { commandStatus } from '@heliograph/smpp';

/** What an SMPP client is told of a refused submission (SMPP 3.4 §5.1.3). `no_credit` can be set, as clients differ in what they take as final. */
export function statusOf(reason: RefusalReason, noCreditStatus: number): number {
  return reason === 'no_credit' ? noCreditStatus : statuses[reason];
}

const statuses: Record<Exclude<RefusalReason, 'no_credit'>, number> = {
  not_permitted: commandStatus.ESME_RSUBMITFAIL,
  bad_number: commandStatus.ESME_RINVDSTADR,
  bad_sender: commandStatus.ESME_RINVSRCADR,
  empty_text: commandStatus.ESME_RINVMSGLEN,
  text_too_long: commandStatus.ESME_RINVMSGLEN,
  bad_encoding: commandStatus.ESME_RSUBMITFAIL,
  bad_validity: commandStatus.ESME_RINVEXPIRY,
  bad_schedule: commandStatus.ESME_RINVSCHED,
  bad_webhook: commandStatus.ESME_RSUBMITFAIL,
  unroutable: commandStatus.ESME_RINVDSTADR,
  no_price: commandStatus.ESME_RINVDSTADR,
  at_loss: commandStatus.ESME_RINVDSTADR,
  destination_denied: commandStatus.ESME_RINVDSTADR,
  too_many_segments: commandStatus.ESME_RINVMSGLEN,
  // for good as far as today goes: a client that tries again at once would only be refused again
  spending_cap: commandStatus.ESME_RSUBMITFAIL,
  throttled: commandStatus.ESME_RTHROTTLED,
  queue_full: commandStatus.ESME_RMSGQFUL,
  unavailable: commandStatus.ESME_RSYSERR,
};
