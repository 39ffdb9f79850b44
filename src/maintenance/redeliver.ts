import type { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { asFlowError, type Problem } from '../base/errors.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { GitHubClient } from '../github/client.ts';
import { type HookPlace, type ListedDelivery, listDeliveries, redeliver } from '../github/hook-deliveries.ts';
import { mayRequest, missingOf } from './missing.ts';
import type { RedeliveryStore } from './redelivery-store.ts';

/** One list of deliveries at GitHub: an App's, or a repository hook's. `key` names it in the database, `name` for people. */
export type Source = { key: string; name: string; client: GitHubClient; place: HookPlace };

/** The result of comparing one list with the stored deliveries; `problem` is why it could not be read, or not all of it requested. */
export type RedeliveryResult = {
  source: string;
  listed: number;
  missing: number;
  requested: number;
  problem: Problem | null;
};

/** What a comparison goes by. */
type RedeliveryRule = {
  /** Milliseconds since 1970. */
  since: number;
  /** Asks for all that is missing, however often it was asked for before and whoever took it. */
  insist: boolean;
};

/** What comparisons look at; `pages` keeps the newest page of each list between two of them. */
export type RedeliveryParts = {
  deliveries: Pick<DeliveryStore, 'known'>;
  requests: RedeliveryStore;
  clock: Clock;
  pages: LRUCache<string, { etag: string; items: readonly ListedDelivery[] }>;
};

/** Pages of a hundred that are looked through at the most. */
const MAX_PAGES = 100;

/** Deliveries asked for in one comparison: the next one asks for the rest. */
const ASKED_AT_ONCE = 100;

/** Compares GitHub's list with what is stored, and asks for what is missing. Never rejects. */
export async function redeliverMissing(
  parts: RedeliveryParts,
  source: Source,
  rule: RedeliveryRule,
): Promise<RedeliveryResult> {
  const result: RedeliveryResult = {
    source: source.name,
    listed: 0,
    missing: 0,
    requested: 0,
    problem: null,
  };
  try {
    const listed = await listAll(parts, source, rule);
    result.listed = listed.length;
    const stored = await parts.deliveries.known([...new Set(listed.map(({ guid }) => guid))]);
    const watchingSince = rule.insist ? 0 : await parts.requests.watchingSince();
    const now = parts.clock.now();
    const missing = missingOf(listed, { since: rule.since, now, watchingSince, stored });
    result.missing = missing.length;
    const asked = await parts.requests.of(source.key);
    const due = missing.filter((item) => rule.insist || mayRequest(item, asked.get(item.guid), now));
    for (const { id, guid } of due.slice(0, rule.insist ? undefined : ASKED_AT_ONCE)) {
      await parts.requests.count(source.key, guid);
      await redeliver(source.client, source.place, id);
      result.requested += 1;
    }
  } catch (error) {
    result.problem = asFlowError(error).toProblem();
  }
  return result;
}

/** Everything GitHub lists back to `since`; an unchanged first page stands for the whole list as it was read last. */
async function listAll(
  { pages }: RedeliveryParts,
  { key, client, place }: Source,
  { since }: RedeliveryRule,
): Promise<readonly ListedDelivery[]> {
  const before = pages.get(key);
  const first = await listDeliveries(client, place, before ? { etag: before.etag } : {});
  if (first === 'unchanged') return before?.items ?? [];
  const items = [...first.items];
  let next = first.next;
  for (let page = 1; next !== undefined && page < MAX_PAGES; page += 1) {
    if (items.some(({ at }) => at < since)) break;
    const more = await listDeliveries(client, place, { cursor: next });
    if (more === 'unchanged') break;
    items.push(...more.items);
    next = more.next;
  }
  if (first.etag !== undefined) pages.set(key, { etag: first.etag, items });
  return items;
}
