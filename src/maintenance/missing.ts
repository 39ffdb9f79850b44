import type { ListedDelivery } from '../github/hook-deliveries.ts';

/** How often one delivery is asked for again, and how long after the time before. */
const WAITS_MS = [0, 10 * 60_000, 60 * 60_000];

/** A delivery that GitHub says was taken is given this long to be found here, for it may be under way. */
const UNDER_WAY_MS = 60_000;

/** What was asked for before. */
export type RedeliveryHistory = { times: number; lastAt: number };

/** What decides which deliveries are missing; times in milliseconds since 1970. */
export type MissingRule = {
  /** Older ones are left alone. */
  since: number;
  now: number;
  /** Those that somebody took before this are somebody else's: this installation was not there yet. */
  watchingSince: number;
  stored: ReadonlySet<string>;
};

/** What never arrived, oldest first, each once and by its newest attempt: GitHub got no 2xx for it, or it was taken and is not here. */
export function missingOf(
  listed: readonly ListedDelivery[],
  { since, now, watchingSince, stored }: MissingRule,
): ListedDelivery[] {
  const newest = new Map<string, ListedDelivery>();
  for (const item of listed) {
    if (item.at < since || stored.has(item.guid)) continue;
    const known = newest.get(item.guid);
    if (!known || known.at < item.at || (known.at === item.at && known.id < item.id))
      newest.set(item.guid, item);
  }
  return [...newest.values()]
    .filter(({ at, statusCode }) => {
      if (wasTaken(statusCode)) return at >= watchingSince && Math.abs(now - at) > UNDER_WAY_MS;
      return statusCode !== 0 || Math.abs(now - at) > UNDER_WAY_MS;
    })
    .toSorted((a, b) => a.at - b.at || a.id - b.id);
}

/** Whether it is time to ask for one (again). One that was taken is asked for once: it may have been a duplicate. */
export function mayRequest(
  { statusCode }: ListedDelivery,
  asked: RedeliveryHistory | undefined,
  now: number,
): boolean {
  if (asked === undefined) return true;
  const wait = wasTaken(statusCode) ? undefined : WAITS_MS[asked.times];
  return wait !== undefined && Math.abs(now - asked.lastAt) >= wait;
}

function wasTaken(statusCode: number): boolean {
  return statusCode >= 200 && statusCode < 300;
}
