import type { Cancellation } from '@heliograph/accept';
import { commandStatus } from '@heliograph/smpp';

/** An id of 8 octets is a 3.3 client's; another that is not the message's own is all of a submit_multi's. */
const shortIdOctets = 8;

/** Of the cancels of SMPP 3.4 §4.9 those by message_id are offered: none of many messages, by addresses or by the id of a submit_multi. */
export function isOfOne(message_id: string, { id }: { readonly id: string }): boolean {
  return message_id === id || message_id.length === shortIdOctets;
}

/** command_status of cancel_sm_resp. Nobody knowing is not the same as that it cannot be done. */
export const statusOfCancel: Readonly<Record<Cancellation['kind'], number>> = {
  cancelled: commandStatus.ESME_ROK,
  cancelling: commandStatus.ESME_ROK,
  not_cancellable: commandStatus.ESME_RCANCELFAIL,
  not_found: commandStatus.ESME_RCANCELFAIL,
  unavailable: commandStatus.ESME_RSYSERR,
};
