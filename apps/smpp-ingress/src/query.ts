import { parseSender } from '@heliograph/e164';
import { isFinal, stateWords, type LoggedMessage } from '@heliograph/message';
import { commandStatus, formatTime, type PduOf } from '@heliograph/smpp';

export type QueryAnswer =
  | { readonly ok: true; readonly fields: Pick<PduOf<'query_sm_resp'>, 'message_id' | 'final_date' | 'message_state' | 'error_code'> }
  | { readonly ok: false; readonly status: number };

/** query_sm_resp (SMPP 3.4 §4.8.2) from what the history knows of the message; undefined: nothing. Pure. */
export function answerOfQuery(query: PduOf<'query_sm'>, message: LoggedMessage | undefined): QueryAnswer {
  // SMPP 3.4 §4.8.1: the source address is part of what is looked for
  if (!message || !isSentFrom(query, message.from)) return { ok: false, status: commandStatus.ESME_RQUERYFAIL };
  return {
    ok: true,
    fields: {
      message_id: query.message_id,
      final_date: isFinal(message.state) ? formatTime(new Date(message.stateAtMs)) : '',
      message_state: stateWords[message.state].messageState,
      error_code: errorCodeOf(message.errorCode),
    },
  };
}

type Source = Pick<PduOf<'query_sm'>, 'source_addr' | 'source_addr_ton' | 'source_addr_npi'>;

/** Many clients leave the source out. The history has it as it was read at the submission, so the request's is read alike. */
export function isSentFrom({ source_addr, source_addr_ton, source_addr_npi }: Source, from: LoggedMessage['from']): boolean {
  if (source_addr === '') return true;
  const parsed = parseSender(source_addr, { ton: source_addr_ton, npi: source_addr_npi });
  return (parsed.ok ? parsed.sender.addr : source_addr) === from.addr;
}

/** One octet (SMPP 3.4 §4.8.2): a network's code that is no such number is left out. */
function errorCodeOf(errorCode = ''): number {
  return /^\d{1,3}$/.test(errorCode) && Number(errorCode) <= 0xff ? Number(errorCode) : 0;
}
