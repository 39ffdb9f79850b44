import type { DescribedGitHub } from './described.ts';

/** A delivery as the stand-in lists it, `at` in milliseconds since 1970. */
export type StoodDelivery = { id: number; guid: string; at: number; statusCode: number };

/** What the stand-in knows of hooks: those of repositories, and the deliveries of each or of the App (`app`). */
export type StoodHooks = {
  hooks: { repository: string; id: number; url: string; active: boolean }[];
  deliveries: Record<string, StoodDelivery[]>;
  /** Ids that were asked for again. */
  attempts: number[];
  pageSize: number;
};

type Request = { path: string; query: URLSearchParams; ifNoneMatch: string | undefined };
type Answer = { status: number; body: unknown; headers?: Record<string, string> };
type State = { description: DescribedGitHub; hooks: StoodHooks; url: string };
type Handler = (state: State, request: Request, values: Record<string, string>) => Answer;

const HOOKS = '/repos/{owner}/{repo}/hooks';
const APP = '/app/hook/deliveries';

/** The stand-in's answers about webhooks and their deliveries, by method and template. */
export const HOOK_HANDLERS: Readonly<Record<string, Handler>> = {
  [`GET ${HOOKS}`]: ({ description, hooks }, _request, { owner, repo }) => ({
    status: 200,
    body: hooks.hooks
      .filter(({ repository }) => repository === `${owner}/${repo}`)
      .map(({ id, url, active }) => ({
        ...description.example(HOOKS, 'get', 200),
        id,
        active,
        config: { url, content_type: 'json', insecure_ssl: '0' },
      })),
  }),
  [`GET ${HOOKS}/{hook_id}/deliveries`]: (state, request, { hook_id = '' }) => list(state, request, hook_id),
  [`GET ${APP}`]: (state, request) => list(state, request, 'app'),
  [`POST ${HOOKS}/{hook_id}/deliveries/{delivery_id}/attempts`]: (state, _request, { delivery_id }) =>
    attempt(state, delivery_id),
  [`POST ${APP}/{delivery_id}/attempts`]: (state, _request, { delivery_id }) => attempt(state, delivery_id),
};

function list(
  { description, hooks, url }: State,
  { path, query, ifNoneMatch }: Request,
  key: string,
): Answer {
  const all = hooks.deliveries[key] ?? [];
  const etag = `W/"${all.length}-${all[0]?.id ?? 0}"`;
  const from = Number(query.get('cursor') ?? 0);
  if (from === 0 && ifNoneMatch === etag) return { status: 304, body: undefined };
  const page = all.slice(from, from + hooks.pageSize);
  const next = from + hooks.pageSize;
  const link = `<${url}${path}?per_page=100&cursor=${next}>; rel="next"`;
  const example = description.example(APP, 'get', 200);
  const body = page.map(({ id, guid, at, statusCode }) => ({
    ...example,
    id,
    guid,
    delivered_at: new Date(at).toISOString(),
    status_code: statusCode,
  }));
  return { status: 200, body, headers: { etag, ...(next < all.length ? { link } : {}) } };
}

function attempt({ hooks }: State, id: string | undefined): Answer {
  hooks.attempts.push(Number(id));
  return { status: 202, body: {} };
}
