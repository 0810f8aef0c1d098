/** How often in a row a link ended before it was stable. */
export interface Reconnect {
  readonly failures: number;
  readonly delayMs: number;
}

export const noReconnect: Reconnect = { failures: 0, delayMs: 0 };

const delayMsMin = 1_000;
const delayMsMax = 60_000;
/** A bind that lasted this long was a good one: what ended it is news, not more of the same. */
const stableMs = 10_000;

/**
 * When to connect again: 1 s doubling to 60 s, each between half and the whole of it (`random` 0..1), so that the binds of many processes do
 * not come back at one moment. `boundMs`: how long the link was bound, 0 if it never was.
 */
export function reconnectAfter({ failures }: Reconnect, boundMs: number, random: number): Reconnect {
  const before = boundMs >= stableMs ? 0 : failures;
  const whole = Math.min(delayMsMin * 2 ** before, delayMsMax);
  return { failures: before + 1, delayMs: Math.round(whole * (0.5 + random / 2)) };
}
