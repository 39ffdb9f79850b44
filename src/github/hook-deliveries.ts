import type { GitHubClient, GitHubRequest } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkRepositoryName } from './urls.ts';

/** Whose deliveries: those of the App that the client signs in as, or of one hook of a repository. */
export type HookPlace = { kind: 'app' } | { kind: 'repository'; owner: string; repo: string; hookId: number };

/** One delivery as GitHub lists it: `guid` is what stood in X-GitHub-Delivery, `at` milliseconds since 1970, `statusCode` 0 when nobody answered. */
export type ListedDelivery = { id: number; guid: string; at: number; statusCode: number };

/** A page of the list, newest first; `next` leads to the one before it in time. */
type DeliveryPage = { items: ListedDelivery[]; next: string | undefined; etag: string | undefined };

/** A repository's webhook. */
export type RepositoryHook = { id: number; url: string; active: boolean };

const PAGE_SIZE = 100;

/** A page of deliveries; `unchanged` when the first page is still what `etag` stands for. Throws the client's codes. */
export async function listDeliveries(
  client: GitHubClient,
  place: HookPlace,
  at: { cursor?: string; etag?: string },
): Promise<DeliveryPage | 'unchanged'> {
  const what = `the deliveries of ${describePlace(place)}`;
  return await client.ask(what, async (request) => {
    try {
      const { data, headers } = await askForPage(request, place, at);
      if (!Array.isArray(data)) throw answerUnreadable(what, data);
      const items = data.map(toListed).filter((item) => item !== undefined);
      return { items, next: nextCursor(headers.link), etag: headers.etag };
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 304) return 'unchanged';
      throw error;
    }
  });
}

/** Has GitHub deliver again what it delivered before; it comes with the same X-GitHub-Delivery. Throws the client's codes. */
export async function redeliver(client: GitHubClient, place: HookPlace, id: number): Promise<void> {
  await client.ask(`delivery ${id} of ${describePlace(place)} once more`, async (request) => {
    if (place.kind === 'app')
      await request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id });
    else {
      const { owner, repo, hookId } = place;
      const route = 'POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts';
      await request(route, { owner, repo, hook_id: hookId, delivery_id: id });
    }
  });
}

/** The first hundred webhooks of a repository, which is more than GitHub allows. Throws the client's codes. */
export async function listHooks(
  client: GitHubClient,
  { owner, repo }: { owner: string; repo: string },
): Promise<RepositoryHook[]> {
  checkRepositoryName(owner, repo);
  return await client.ask(`the webhooks of ${owner}/${repo}`, async (request) => {
    const { data } = await request('GET /repos/{owner}/{repo}/hooks', { owner, repo, per_page: PAGE_SIZE });
    if (!Array.isArray(data)) throw answerUnreadable(`the webhooks of ${owner}/${repo}`, data);
    return data.map(({ id, active, config }) => ({ id, active, url: String(config?.url ?? '') }));
  });
}

async function askForPage(
  request: GitHubRequest,
  place: HookPlace,
  { cursor, etag }: { cursor?: string; etag?: string },
) {
  const page = { per_page: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) };
  const condition = etag === undefined ? {} : { headers: { 'if-none-match': etag } };
  if (place.kind === 'app') return await request('GET /app/hook/deliveries', { ...page, ...condition });
  const { owner, repo, hookId } = place;
  checkRepositoryName(owner, repo);
  const route = 'GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries';
  return await request(route, { owner, repo, hook_id: hookId, ...page, ...condition });
}

function toListed(entry: unknown): ListedDelivery | undefined {
  const { id, guid, delivered_at, status_code } = (entry ?? {}) as Record<string, unknown>;
  const at = typeof delivered_at === 'string' ? Date.parse(delivered_at) : Number.NaN;
  if (typeof id !== 'number' || typeof guid !== 'string' || Number.isNaN(at)) return undefined;
  return { id, guid, at, statusCode: typeof status_code === 'number' ? status_code : 0 };
}

function nextCursor(link: string | undefined): string | undefined {
  const [, url] = /<([^>]+)>;\s*rel="next"/.exec(link ?? '') ?? [];
  return url === undefined || !URL.canParse(url)
    ? undefined
    : (new URL(url).searchParams.get('cursor') ?? undefined);
}

function describePlace(place: HookPlace): string {
  return place.kind === 'app' ? 'the App' : `webhook ${place.hookId} of ${place.owner}/${place.repo}`;
}
