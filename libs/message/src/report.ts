import type { Report } from './history.ts';

/** The JSON of a report, in the words that tenants read: what is posted to a webhook is what is pulled as an event. */
export function reportBody({ id, to, from, state, reference, segments, errorCode, reason, acceptedAtMs, doneAtMs }: Report) {
  const doneAt = new Date(doneAtMs).toISOString();
  return {
    type: `message.${state}` as const,
    timestamp: doneAt,
    data: {
      id,
      to,
      from,
      state,
      reference: reference ?? null,
      segments,
      error_code: errorCode ?? null,
      reason: reason ?? null,
      accepted_at: new Date(acceptedAtMs).toISOString(),
      done_at: doneAt,
    },
  };
}
