import { digitsOf, utcDate } from './receipt.ts';

const form = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])$/;
const QUARTER_HOUR_MS = 15 * 60 * 1000;

/**
 * A time of §7.1.1, `YYMMDDhhmmsstnnp`: absolute with its offset from UTC in quarter hours, or relative to `now` (`R`; a month
 * of it is a calendar month). undefined when it is not one; so is the empty string, which means "none".
 */
export function parseTime(text: string, now: Date): Date | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [years, months, days, hours, minutes, seconds, tenths, quarters] = match.slice(1, 9).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (match[9] === 'R') {
    const date = new Date(now);
    date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth() + months, date.getUTCDate() + days);
    return new Date(date.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000);
  }
  // §7.1.1.1: 00 to 48.
  if (quarters > 48) return undefined;
  const local = utcDate([years, months, days, hours, minutes, seconds]);
  if (local === undefined) return undefined;
  const offsetMs = quarters * QUARTER_HOUR_MS * (match[9] === '-' ? -1 : 1);
  return new Date(local.getTime() + tenths * 100 - offsetMs);
}

/** An absolute time in UTC, to the tenth of a second. Years 2000 to 2099. */
export function formatTime(date: Date): string {
  const iso = date.toISOString();
  return `${digitsOf(iso)}${iso.slice(17, 19)}${iso[20]}00+`;
}

const DAY_SECONDS = 24 * 60 * 60;

/** A relative time of 0 seconds to 99 days (§7.1.1.2); longer ones are cut to that, whole seconds, rounded up. */
export function formatRelativeTime(seconds: number): string {
  const whole = Math.min(Math.max(0, Math.ceil(seconds)), 100 * DAY_SECONDS - 1);
  const parts = [Math.floor(whole / DAY_SECONDS), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  return `0000${parts.map((part) => String(part).padStart(2, '0')).join('')}000R`;
}
