import { isObject } from '../base/json.ts';
import type { GitHubClient, GitHubRequest } from './client.ts';
import { answerUnreadable, gitHubNameRefused } from './errors.ts';
import { redirectedPath } from './redirects.ts';
import { checkRepositoryName } from './urls.ts';

/** Where GitHub led a request about an issue: the repository's path in the API (`/repositories/42`), and the issue's number there. */
type Moved = { at: string; number: number };

/** A comment on GitHub; `moved` when its issue is elsewhere by now. */
export type Comment = { id: number; url: string; moved?: Moved };

/** A repository by its names, or by where its issue was found to be. */
type Place = { owner: string; repo: string; moved?: Moved | undefined };

/** How many pages of a hundred comments are looked through, the newest first. */
const PAGES_SEARCHED = 5;
const PAGE_SIZE = 100;

const REACTION_ROUTES = {
  issue: 'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions',
  issue_comment: 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
  pull_request_review_comment: 'POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions',
} as const;

/** Reacts to an issue or pull request (`id` is its number) or to a comment (`id` is GitHub's). Doing it twice is doing it once. */
export async function addReaction(
  client: GitHubClient,
  target: Place & {
    subject: keyof typeof REACTION_ROUTES;
    id: number;
    content: 'eyes' | '+1' | 'confused';
  },
): Promise<void> {
  const { owner, repo, subject, id, content } = target;
  checkRepositoryName(owner, repo);
  await client.ask(
    `a reaction to ${subject.replaceAll('_', ' ')} ${id} of ${owner}/${repo}`,
    async (request) => {
      if (subject === 'issue')
        await request(REACTION_ROUTES.issue, { owner, repo, issue_number: id, content });
      else await request(REACTION_ROUTES[subject], { owner, repo, comment_id: id, content });
    },
  );
}

/** Comments on an issue or pull request. Never tried twice here: after a lost answer, look with `findComment` first. */
export async function createComment(
  client: GitHubClient,
  { number, body, ...place }: Place & { number: number; body: string },
): Promise<Comment> {
  const at = pathOf(place);
  const what = `a comment on ${place.owner}/${place.repo}#${number}`;
  return await client.ask(what, async (request) => {
    const route = `POST ${at}/issues/{issue_number}/comments`;
    const { data, url } = await request(route, {
      issue_number: place.moved?.number ?? number,
      body,
      request: { retries: 0 },
    });
    const moved = movedTo(request, `${at}/issues/${place.moved?.number ?? number}/comments`, url);
    return {
      ...commentOf(what, data),
      ...((moved ?? place.moved) && { moved: moved ?? place.moved }),
    } as Comment;
  });
}

/** Where an issue or pull request is by now, when that is not where it was. */
export async function findMoved(
  client: GitHubClient,
  { number, owner, repo }: Place & { number: number },
): Promise<Moved | undefined> {
  const at = pathOf({ owner, repo });
  return await client.ask(`${owner}/${repo}#${number}`, async (request) => {
    const { url } = await request(`GET ${at}/issues/{issue_number}`, { issue_number: number });
    return movedTo(request, `${at}/issues/${number}`, url);
  });
}

/** Replaces the text of a comment. Doing it twice is doing it once. */
export async function updateComment(
  client: GitHubClient,
  { id, body, ...place }: Place & { id: number; body: string },
): Promise<void> {
  const at = pathOf(place);
  await client.ask(`comment ${id} of ${place.owner}/${place.repo}`, async (request) => {
    await request(`PATCH ${at}/issues/comments/{comment_id}`, { comment_id: id, body });
  });
}

/** The newest comment on an issue or pull request whose text contains `mark` and that `isOurs` takes, among the last few hundred. */
export async function findComment(
  client: GitHubClient,
  {
    number,
    mark,
    isOurs = () => true,
    ...place
  }: Place & {
    number: number;
    mark: string;
    isOurs?: (comment: { body: string; author: string | undefined }) => boolean;
  },
): Promise<Comment | undefined> {
  const at = pathOf(place);
  const what = `the comments on ${place.owner}/${place.repo}#${number}`;
  return await client.ask(what, async (request) => {
    const read = async (
      page: number,
    ): Promise<{ data: Found[]; headers: { link?: string }; url: string }> => {
      const { data, headers, url } = await request(`GET ${at}/issues/{issue_number}/comments`, {
        issue_number: place.moved?.number ?? number,
        per_page: PAGE_SIZE,
        page,
      });
      if (!Array.isArray(data)) throw answerUnreadable(what);
      return { data, headers, url };
    };
    const first = await read(1);
    const last = lastPage(first.headers.link);
    for (let page = last; page > Math.max(0, last - PAGES_SEARCHED); page -= 1) {
      const { data } = page === 1 ? first : await read(page);
      const found = data.findLast(
        (comment) => comment.body?.includes(mark) && isOurs({ body: comment.body, author: loginOf(comment) }),
      );
      const moved = movedTo(request, `${at}/issues/${place.moved?.number ?? number}/comments`, first.url);
      if (found) return { ...commentOf(what, found), ...(moved && { moved }) };
    }
    return undefined;
  });
}

/** What is read of a comment in a list. */
type Found = { id: number | bigint; html_url: string; body?: string };

/** The repository's path in the API. Throws `name_refused`. */
function pathOf({ owner, repo, moved }: Place): string {
  checkRepositoryName(owner, repo);
  if (moved && !REPOSITORY_PATH.test(moved.at)) throw gitHubNameRefused('place', moved.at);
  return moved?.at ?? `/repos/${owner}/${repo}`;
}

const REPOSITORY_PATH = /^\/(?:repositories\/\d{1,19}|repos\/[\w.-]{1,100}\/[\w.-]{1,100})$/;

/** Where an answer came from; undefined when that is where the request was sent. */
function movedTo(request: GitHubRequest, requested: string, answered: string): Moved | undefined {
  const { baseUrl } = request.endpoint.DEFAULTS;
  const path = redirectedPath(baseUrl, `${baseUrl.replace(/\/+$/, '')}${requested}`, answered);
  const [, at = '', number] = /^(\/.*)\/issues\/(\d+)(?:\/comments)?$/.exec(path ?? '') ?? [];
  return REPOSITORY_PATH.test(at) ? { at, number: Number(number) } : undefined;
}

/** https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function lastPage(link: string | undefined): number {
  return Number(/[?&]page=(\d+)[^>]*>; rel="last"/.exec(link ?? '')?.[1] ?? 1);
}

function commentOf(what: string, { id, html_url }: { id: number | bigint; html_url: string }): Comment {
  if (!Number.isSafeInteger(id) || typeof html_url !== 'string') throw answerUnreadable(what);
  return { id: Number(id), url: html_url };
}

function loginOf(data: unknown): string | undefined {
  const user = isObject(data) ? data.user : undefined;
  const login = isObject(user) ? user.login : undefined;
  return typeof login === 'string' ? login : undefined;
}
