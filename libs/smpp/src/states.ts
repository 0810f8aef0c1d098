import { commandStatus } from './constants.ts';
import type { BindName, RequestName } from './pdus.ts';

/** Which side of the link a session is. */
export type Role = 'smsc' | 'esme';

/** §2.2, with our own `unbinding` (one side has said unbind) and `closed`. */
export type SessionState = 'open' | 'bound_tx' | 'bound_rx' | 'bound_trx' | 'unbinding' | 'closed';

export type BoundState = 'bound_tx' | 'bound_rx' | 'bound_trx';

const bound = ['bound_tx', 'bound_rx', 'bound_trx'] as const;
const submitting = ['bound_tx', 'bound_trx'] as const;
const receiving = ['bound_rx', 'bound_trx'] as const;
const always = ['open', ...bound, 'unbinding', 'closed'] as const;

/**
 * Who may issue a request in which state, §2.2.1 table 2-1. Two lines differ from it: enquire_link is legal in every state
 * (§4.11, and before bind as peers do), unbind also once the other side has said it, so that two unbinds may cross.
 */
const issuers: Record<RequestName, { readonly [R in Role]: readonly SessionState[] }> = {
  bind_transmitter: { esme: ['open'], smsc: [] },
  bind_receiver: { esme: ['open'], smsc: [] },
  bind_transceiver: { esme: ['open'], smsc: [] },
  outbind: { esme: [], smsc: ['open'] },
  unbind: { esme: [...bound, 'unbinding'], smsc: [...bound, 'unbinding'] },
  enquire_link: { esme: always, smsc: always },
  submit_sm: { esme: submitting, smsc: [] },
  submit_multi: { esme: submitting, smsc: [] },
  query_sm: { esme: submitting, smsc: [] },
  cancel_sm: { esme: submitting, smsc: [] },
  replace_sm: { esme: submitting, smsc: [] },
  data_sm: { esme: submitting, smsc: receiving },
  deliver_sm: { esme: [], smsc: receiving },
  alert_notification: { esme: [], smsc: receiving },
};

export const boundStates: Record<BindName, BoundState> = {
  bind_transmitter: 'bound_tx',
  bind_receiver: 'bound_rx',
  bind_transceiver: 'bound_trx',
};

export function isBind(command: string): command is BindName {
  return command in boundStates;
}

export function mayIssue(issuer: Role, command: RequestName, state: SessionState): boolean {
  return issuers[command][issuer].includes(state);
}

/** command_status for a request that `issuer` may not send in `state`: a second bind is told so (§5.1.3). */
export function refusal(issuer: Role, command: RequestName, state: SessionState): number {
  const again = issuer === 'esme' && isBind(command) && state !== 'open';
  return again ? commandStatus.ESME_RALYBND : commandStatus.ESME_RINVBNDSTS;
}
