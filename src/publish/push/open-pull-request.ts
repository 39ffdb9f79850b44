import { asFlowError } from '../../base/errors.ts';
import type { GitHubClient } from '../../github/client.ts';
import {
  addAssignees,
  addLabels,
  createPullRequest,
  findPullRequest,
  type NewPullRequest,
  type PullRequest,
  requestReviewers,
  updatePullRequest,
} from '../../github/pull-requests.ts';
import type { PullRequestTexts } from './plan.ts';

/**
 * The pull request from a branch: the open one with new texts, or one of these very commits that somebody closed, as it
 * is, or a new one. Labels and people that GitHub refuses become notes and no error.
 */
export async function openPullRequest(
  client: GitHubClient,
  texts: PullRequestTexts,
  { branch, into, commit }: { branch: string; into: string; commit: string },
): Promise<{ url: string; number: number; isNew: boolean; notes: string[] }> {
  const place = { owner: texts.owner, repo: texts.repository };
  const { title, body, draft } = texts;
  const known = await findPullRequest(client, { ...place, branch, commit });
  if (known && !known.isOpen) return { url: known.url, number: known.number, isNew: false, notes: [] };
  if (known) await updatePullRequest(client, { ...place, number: known.number, title, body });
  const pull = known ?? (await create(client, place, { head: branch, base: into, title, body, draft }));
  const notes = await decorate(client, { ...place, number: pull.number }, texts);
  return { url: pull.url, number: pull.number, isNew: known === undefined, notes };
}

/**
 * Some plans of GitHub have no drafts for private repositories; an open pull request is better than none. GitHub has
 * no code for it: https://docs.github.com/rest/pulls/pulls#create-a-pull-request
 */
async function create(
  client: GitHubClient,
  place: { owner: string; repo: string },
  pull: NewPullRequest,
): Promise<PullRequest> {
  try {
    return await createPullRequest(client, { ...place, ...pull });
  } catch (error) {
    const { code, message } = asFlowError(error);
    if (!pull.draft || code !== 'github_invalid' || !/draft/i.test(message)) throw error;
    return await createPullRequest(client, { ...place, ...pull, draft: false });
  }
}

async function decorate(
  client: GitHubClient,
  place: { owner: string; repo: string; number: number },
  { labels, assignees, reviewers, teamReviewers }: PullRequestTexts,
): Promise<string[]> {
  const notes: string[] = [];
  const attempt = async (isWanted: boolean, work: () => Promise<void>): Promise<void> => {
    if (!isWanted) return;
    await work().catch((error: unknown) => {
      notes.push(asFlowError(error).message);
    });
  };
  await attempt(labels.length > 0, () => addLabels(client, { ...place, labels }));
  await attempt(assignees.length > 0, () => addAssignees(client, { ...place, assignees }));
  await attempt(reviewers.length + teamReviewers.length > 0, () =>
    requestReviewers(client, { ...place, reviewers, teamReviewers }),
  );
  return notes;
}
