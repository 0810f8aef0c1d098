/** How a message ends. A late receipt may still lift `no_report`; nothing else moves on from here. */
export const finalStates = ['delivered', 'undelivered', 'rejected', 'expired', 'no_report', 'failed', 'cancelled'] as const;
export type FinalState = (typeof finalStates)[number];

export const messageStates = ['accepted', 'scheduled', 'routed', 'sent', ...finalStates] as const;
export type MessageState = (typeof messageStates)[number];

/** Rank of a state: events may arrive in any order, a state never goes to a lower rank. */
const rank: Record<MessageState, number> = {
  accepted: 0,
  scheduled: 1,
  routed: 2,
  sent: 3,
  no_report: 4,
  delivered: 5,
  undelivered: 5,
  rejected: 5,
  expired: 5,
  failed: 5,
  cancelled: 5,
};

export function rankOf(state: MessageState): number {
  return rank[state];
}

export function isFinal(state: MessageState): state is FinalState {
  return rank[state] >= rank.no_report;
}

/** The state after hearing of `next`: never backwards, and the first final state stays. */
export function advance(current: MessageState, next: MessageState): MessageState {
  return rank[next] > rank[current] ? next : current;
}

/** What the outside calls each state: SMPP 3.4 §5.2.28 and appendix B; Twilio's and Auron's words for their doors. */
export const stateWords: Record<MessageState, { stat: string; messageState: number; auron: string; twilio: string }> = {
  accepted: { stat: 'ACCEPTD', messageState: 6, auron: 'CREATING', twilio: 'accepted' },
  scheduled: { stat: 'SCHEDULED', messageState: 0, auron: 'SCHEDULED', twilio: 'scheduled' },
  routed: { stat: 'ENROUTE', messageState: 1, auron: 'QUEUED', twilio: 'queued' },
  sent: { stat: 'ENROUTE', messageState: 1, auron: 'SENT', twilio: 'sent' },
  delivered: { stat: 'DELIVRD', messageState: 2, auron: 'DELIVERED', twilio: 'delivered' },
  undelivered: { stat: 'UNDELIV', messageState: 5, auron: 'NOTDELIVERED', twilio: 'undelivered' },
  expired: { stat: 'EXPIRED', messageState: 3, auron: 'NOTDELIVERED', twilio: 'undelivered' },
  rejected: { stat: 'REJECTD', messageState: 8, auron: 'NOTDELIVERED', twilio: 'failed' },
  failed: { stat: 'UNDELIV', messageState: 5, auron: 'FAILED', twilio: 'failed' },
  no_report: { stat: 'UNKNOWN', messageState: 7, auron: 'NOREPORT', twilio: 'sent' },
  cancelled: { stat: 'DELETED', messageState: 4, auron: '-', twilio: 'canceled' },
};
