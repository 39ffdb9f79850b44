import { isoTime } from '../base/clock.ts';

/** A time on a page: `iso` for programs, `exact` and `words` for people. */
export type Moment = { iso: string; exact: string; words: string };

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A time in milliseconds since 1970, relative to `now`; null stays null. */
export function moment(ms: number | null, now: number): Moment | null {
  const iso = isoTime(ms);
  if (iso === null || ms === null) return null;
  return { iso, exact: `${iso.slice(0, 19).replace('T', ' ')} UTC`, words: ago(now - ms) };
}

/** A length of time, such as `2 min 5 s`. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function ago(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? [];
  if (unit === undefined || length === undefined) return 'just now';
  const count = Math.floor(ms / length);
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}
