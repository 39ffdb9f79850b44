import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkRepositoryName } from './urls.ts';

/** A comment on GitHub. */
export type Comment = { id: number; url: string };

type Place = { owner: string; repo: string };

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
  { owner, repo, number, body }: Place & { number: number; body: string },
): Promise<Comment> {
  checkRepositoryName(owner, repo);
  const what = `a comment on ${owner}/${repo}#${number}`;
  return await client.ask(what, async (request) => {
    const { data } = await request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      owner,
      repo,
      issue_number: number,
      body,
      request: { retries: 0 },
    });
    return commentOf(what, data);
  });
}

/** Replaces the text of a comment. Doing it twice is doing it once. */
export async function updateComment(
  client: GitHubClient,
  { owner, repo, id, body }: Place & { id: number; body: string },
): Promise<void> {
  checkRepositoryName(owner, repo);
  await client.ask(`comment ${id} of ${owner}/${repo}`, async (request) => {
    await request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      owner,
      repo,
      comment_id: id,
      body,
    });
  });
}

/** The newest comment on an issue or pull request whose text contains `mark` and that `isOurs` takes, among the last few hundred. */
export async function findComment(
  client: GitHubClient,
  {
    owner,
    repo,
    number,
    mark,
    isOurs = () => true,
  }: Place & {
    number: number;
    mark: string;
    isOurs?: (comment: { body: string; author: string | undefined }) => boolean;
  },
): Promise<Comment | undefined> {
  checkRepositoryName(owner, repo);
  const what = `the comments on ${owner}/${repo}#${number}`;
  return await client.ask(what, async (request) => {
    const read = async (page: number) =>
      await request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        owner,
        repo,
        issue_number: number,
        per_page: PAGE_SIZE,
        page,
      });
    const first = await read(1);
    const last = lastPage(first.headers.link);
    for (let page = last; page > Math.max(0, last - PAGES_SEARCHED); page -= 1) {
      const { data } = page === 1 ? first : await read(page);
      const found = data.findLast(
        (comment) => comment.body?.includes(mark) && isOurs({ body: comment.body, author: loginOf(comment) }),
      );
      if (found) return commentOf(what, found);
    }
    return undefined;
  });
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
  const user = typeof data === 'object' && data !== null && 'user' in data ? data.user : undefined;
  const login = typeof user === 'object' && user !== null && 'login' in user ? user.login : undefined;
  return typeof login === 'string' ? login : undefined;
}
