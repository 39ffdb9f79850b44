import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkRepositoryName } from './urls.ts';

type Place = { owner: string; repo: string };

/** What a check run says; `conclusion` is there once it is completed. Times are ISO 8601. */
export type CheckState = {
  status: 'queued' | 'in_progress' | 'completed';
  conclusion?: 'success' | 'failure' | 'cancelled' | 'timed_out' | 'neutral';
  startedAt?: string;
  completedAt?: string;
  title: string;
  summary: string;
  detailsUrl?: string;
};

/**
 * Makes a check run on a commit; only Apps may (others get `github_refused`). Gives its id. Never tried twice here:
 * after a lost answer, look with `findCheck` first. https://docs.github.com/rest/checks/runs#create-a-check-run
 */
export async function createCheck(
  client: GitHubClient,
  {
    owner,
    repo,
    sha,
    name,
    externalId,
    state,
  }: Place & { sha: string; name: string; externalId: string; state: CheckState },
): Promise<number> {
  checkRepositoryName(owner, repo);
  const what = `a check on ${owner}/${repo}@${sha}`;
  return await client.ask(what, async (request) => {
    const { data } = await request('POST /repos/{owner}/{repo}/check-runs', {
      owner,
      repo,
      head_sha: sha,
      name,
      external_id: externalId,
      ...bodyOf(state),
      request: { retries: 0 },
    });
    return idOf(what, data.id);
  });
}

/** Brings a check run up to date. */
export async function updateCheck(
  client: GitHubClient,
  { owner, repo, id, state }: Place & { id: number; state: CheckState },
): Promise<void> {
  checkRepositoryName(owner, repo);
  await client.ask(`check ${id} of ${owner}/${repo}`, async (request) => {
    await request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      owner,
      repo,
      check_run_id: id,
      ...bodyOf(state),
    });
  });
}

/** The id of the check run with this name and `externalId` on a commit, if there is one among the newest hundred. */
export async function findCheck(
  client: GitHubClient,
  { owner, repo, sha, name, externalId }: Place & { sha: string; name: string; externalId: string },
): Promise<number | undefined> {
  checkRepositoryName(owner, repo);
  const what = `the checks on ${owner}/${repo}@${sha}`;
  return await client.ask(what, async (request) => {
    const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
      owner,
      repo,
      ref: sha,
      check_name: name,
      filter: 'all',
      per_page: 100,
    });
    if (!Array.isArray(data?.check_runs)) throw answerUnreadable(what);
    const found = data.check_runs.find((check) => check.external_id === externalId);
    return found && idOf(what, found.id);
  });
}

function bodyOf(state: CheckState) {
  const { status, conclusion, startedAt, completedAt, title, summary, detailsUrl } = state;
  return {
    status,
    ...(conclusion && { conclusion }),
    ...(startedAt && { started_at: startedAt }),
    ...(completedAt && { completed_at: completedAt }),
    ...(detailsUrl && { details_url: detailsUrl }),
    output: { title, summary },
  };
}

function idOf(what: string, id: number | bigint): number {
  if (!Number.isSafeInteger(id)) throw answerUnreadable(what);
  return Number(id);
}
