import { FlowError } from '../base/errors.ts';
import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { redirectedPath } from './redirects.ts';
import { isGoneForGood } from './request-error.ts';
import { checkRepositoryName } from './urls.ts';

type Place = { owner: string; repo: string };

/** An issue or pull request as it is now; `repositoryId` where GitHub led to another one. `gone`: deleted, or moved out of sight. `hidden`: this credential is not shown it. */
export type Thread =
  | { isOpen: boolean; isLocked: boolean; repositoryId: number | undefined }
  | 'gone'
  | 'hidden';

/** Where a comment is read by its id. */
const COMMENT_ROUTES = {
  issue_comment: 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
  pull_request_review_comment: 'GET /repos/{owner}/{repo}/pulls/comments/{comment_id}',
  commit_comment: 'GET /repos/{owner}/{repo}/comments/{comment_id}',
} as const;

/** Events whose comment can be looked at again. */
export type CommentKind = keyof typeof COMMENT_ROUTES;

/** Whether an event's comment can be looked at again. */
export function isCommentKind(event: string): event is CommentKind {
  return Object.hasOwn(COMMENT_ROUTES, event);
}

/**
 * How an issue or pull request stands; each request is tried twice. A pull request that is not shown as an issue is asked
 * for as a pull request. Throws what `GitHubClient` says of silence and of tokens that are not taken.
 */
export async function readThread(
  client: GitHubClient,
  { isPull, ...place }: Place & { number: number; isPull: boolean },
): Promise<Thread> {
  const thread = await readAs(client, 'issues', place);
  return thread === 'hidden' && isPull ? await readAs(client, 'pulls', place) : thread;
}

async function readAs(
  client: GitHubClient,
  kind: 'issues' | 'pulls',
  { owner, repo, number }: Place & { number: number },
): Promise<Thread> {
  checkRepositoryName(owner, repo);
  const what = `${owner}/${repo}#${number}`;
  try {
    return await client.ask(what, async (request) => {
      const { data, url } = await request(`GET /repos/{owner}/{repo}/${kind}/{number}`, {
        owner,
        repo,
        number,
        request: { retries: 1 },
      });
      if (typeof data?.state !== 'string') throw answerUnreadable(what);
      const led = redirectedPath(request.endpoint.DEFAULTS.baseUrl, '', url);
      const id = /^\/repositories\/(\d+)\//.exec(led ?? '')?.[1];
      return {
        isOpen: data.state === 'open',
        isLocked: data.locked === true,
        repositoryId: id === undefined ? undefined : Number(id),
      };
    });
  } catch (error) {
    return unseen(error);
  }
}

/** Whether a comment is still there; only to be asked where its thread is shown. Throws like `readThread`. */
export async function isCommentThere(
  client: GitHubClient,
  { owner, repo, kind, id }: Place & { kind: CommentKind; id: number },
): Promise<boolean> {
  checkRepositoryName(owner, repo);
  try {
    await client.ask(`comment ${id} of ${owner}/${repo}`, async (request) => {
      await request(COMMENT_ROUTES[kind], { owner, repo, comment_id: id, request: { retries: 1 } });
    });
    return true;
  } catch (error) {
    if (error instanceof FlowError && error.code === 'github_not_found') return false;
    if (unseen(error) === 'hidden') return true;
    throw error;
  }
}

function unseen(error: unknown): 'gone' | 'hidden' {
  if (!(error instanceof FlowError)) throw error;
  if (isGoneForGood(error)) return 'gone';
  if (['github_not_found', 'github_refused', 'github_credential_missing'].includes(error.code))
    return 'hidden';
  throw error;
}
