import type { TimeWindow } from './rule.ts';

/** What the clock on a wall says: minutes since Monday 00:00, 0 to 10,079. */
type WallClock = (nowMs: number) => number;

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const dayMinutes = 1_440;
const weekMinutes = 7 * dayMinutes;

/** Whether the IANA database has it. Offsets such as +01:00, which know no summer time, are none. */
export function isZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Whether a moment is in a window. By the clock on the wall: an hour that summer time takes away is in none, one that it gives again is in twice.
 * A window over midnight belongs to the day on which it begins.
 */
export function compileTimeWindow({ days: onDays, from, until, zone }: TimeWindow): (nowMs: number) => boolean {
  const clock = clockOf(zone);
  const [begins, ends] = [minutesOf(from), minutesOf(until)];
  const lasts = ends > begins ? ends - begins : ends - begins + dayMinutes;
  const starts = onDays ? onDays.map((day) => days.indexOf(day) * dayMinutes + begins) : [begins];
  const period = onDays ? weekMinutes : dayMinutes;
  return (nowMs) => {
    const minute = clock(nowMs) + weekMinutes;
    return starts.some((start) => (minute - start) % period < lasts);
  };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** There are some hundred zones; a formatter takes 50 µs to make. */
const clocks = new Map<string, WallClock>();

function clockOf(zone: string): WallClock {
  let clock = clocks.get(zone);
  if (!clock) clocks.set(zone, (clock = createClock(zone)));
  return clock;
}

/** Asking for the time in a zone takes 2 µs, and messages of the same minute have the same answer: offsets are whole minutes since 1972. */
function createClock(zone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  let [asked, said] = [NaN, 0];
  return (nowMs) => {
    const minute = Math.floor(nowMs / 60_000);
    if (minute === asked) return said;
    const parts = Object.fromEntries(format.formatToParts(minute * 60_000).map(({ type, value }) => [type, value]));
    said = names.indexOf(parts['weekday'] ?? '') * dayMinutes + Number(parts['hour']) * 60 + Number(parts['minute']);
    asked = minute;
    return said;
  };
}
