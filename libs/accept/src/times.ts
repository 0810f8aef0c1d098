import { refuse, type Refusal } from './refusal.ts';

const validityMsDefault = 48 * 3_600_000;
const validityMsMax = 7 * 24 * 3_600_000;
/** How far ahead of its acceptance a message may be scheduled; with the validity from then, marks of cancelled messages must live longer. */
const scheduleMsMax = 7 * 24 * 3_600_000;

export interface Times {
  readonly sendAtMs?: number | undefined;
  readonly validUntilMs?: number | undefined;
}

/** From when on a message is to be sent (not before now) and until when it may be, or why it may not wait so long. Pure. */
export function timesOf(
  { sendAtMs, validUntilMs }: Times,
  { acceptedAtMs, nowMs }: { readonly acceptedAtMs: number; readonly nowMs: number },
): { readonly ok: true; readonly startMs: number; readonly validUntilMs: number } | Refusal {
  const startMs = Math.max(nowMs, sendAtMs ?? nowMs);
  // so written that a time that is none is refused, too
  if (!(startMs <= acceptedAtMs + scheduleMsMax))
    return refuse('bad_schedule', 'the time to send it must be within 7 days from when it was submitted');
  const untilMs = validUntilMs ?? startMs + validityMsDefault;
  if (!(untilMs > startMs && untilMs <= startMs + validityMsMax))
    return refuse('bad_validity', 'the validity must end within 7 days from when the message is to be sent, and after that');
  return { ok: true, startMs, validUntilMs: untilMs };
}
