import { isoTime } from '../base/clock.ts';

/** A time on a page: `iso` for programs, `exact` and `words` for people. */
export type Moment = { iso: string; exact: string; words: string };

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

const AGO = new Intl.RelativeTimeFormat('en');

/** A time in milliseconds since 1970, relative to `now`; null stays null. */
export function moment(ms: number | null, now: number): Moment | null {
  const iso = isoTime(ms);
  if (iso === null || ms === null) return null;
  return { iso, exact: `${iso.slice(0, 19).replace('T', ' ')} UTC`, words: ago(now - ms) };
}

function ago(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? [];
  if (unit === undefined || length === undefined) return 'just now';
  return AGO.format(-Math.floor(ms / length), unit);
}
