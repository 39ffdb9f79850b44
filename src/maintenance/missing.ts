import type { ListedDelivery } from '../github/hook-deliveries.ts';

/** The waits before each request for one delivery. */
const WAITS_MS = [0, 10 * 60_000, 60 * 60_000];

/** An accepted delivery may still be under way for this long before it counts as missing. */
const UNDER_WAY_MS = 60_000;

/** The requests for one delivery so far. */
export type RedeliveryHistory = { times: number; lastAt: number };

/** What decides which deliveries are missing; times in milliseconds since 1970. */
type MissingRule = {
  /** Older ones are left alone. */
  since: number;
  now: number;
  /** Deliveries that were accepted before this went to somebody else: this installation did not exist yet. */
  watchingSince: number;
  stored: ReadonlySet<string>;
};

/** Missing deliveries, oldest first, each once and by its newest attempt: GitHub got no 2xx for it, or it was accepted and is not stored. */
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
      if (wasAccepted(statusCode)) return at >= watchingSince && Math.abs(now - at) > UNDER_WAY_MS;
      return statusCode !== 0 || Math.abs(now - at) > UNDER_WAY_MS;
    })
    .toSorted((a, b) => a.at - b.at || a.id - b.id);
}

/** Whether a delivery may be requested now. An accepted one is requested once: it may have been a duplicate. */
export function mayRequest(
  { statusCode }: ListedDelivery,
  asked: RedeliveryHistory | undefined,
  now: number,
): boolean {
  if (asked === undefined) return true;
  const wait = wasAccepted(statusCode) ? undefined : WAITS_MS[asked.times];
  return wait !== undefined && Math.abs(now - asked.lastAt) >= wait;
}

function wasAccepted(statusCode: number): boolean {
  return statusCode >= 200 && statusCode < 300;
}
