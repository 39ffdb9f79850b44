import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { ifFound } from './request-error.ts';
import { checkRepositoryName } from './urls.ts';

/** Where a pull request is. */
type Place = { owner: string; repo: string };

/** A pull request on GitHub; `isFromFork` also when the repository of its branch is gone. */
export type PullRequest = {
  number: number;
  url: string;
  isOpen: boolean;
  headRef: string;
  headSha: string;
  headRepository: string | undefined;
  isFromFork: boolean;
  baseRef: string;
  /** Of the repository that the pull request is in. */
  defaultBranch: string | undefined;
};

/** What a new pull request says. */
export type NewPullRequest = { head: string; base: string; title: string; body: string; draft: boolean };

/** One pull request by its number. */
export async function fetchPullRequest(
  client: GitHubClient,
  { owner, repo, number }: Place & { number: number },
): Promise<PullRequest> {
  checkRepositoryName(owner, repo);
  const what = `pull request ${owner}/${repo}#${number}`;
  return await client.ask(what, async (request) => {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      owner,
      repo,
      pull_number: number,
    });
    return pullRequestOf(what, data);
  });
}

/** The open pull request from a branch of the repository itself, else a closed one that ends in this commit, if there is one. */
export async function findPullRequest(
  client: GitHubClient,
  { owner, repo, branch, commit }: Place & { branch: string; commit: string },
): Promise<PullRequest | undefined> {
  checkRepositoryName(owner, repo);
  const what = `the pull requests from ${branch} of ${owner}/${repo}`;
  return await client.ask(what, async (request) => {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      state: 'all',
      head: `${owner}:${branch}`,
      per_page: 100,
    });
    if (!Array.isArray(data)) throw answerUnreadable(what);
    const ifFound = data.map((each) => pullRequestOf(what, each)).filter((each) => each.headRef === branch);
    return ifFound.find(({ isOpen }) => isOpen) ?? ifFound.find(({ headSha }) => headSha === commit);
  });
}

/** Opens a pull request. Never tried twice here: after a lost answer, look with `findPullRequest` first. */
export async function createPullRequest(
  client: GitHubClient,
  { owner, repo, ...pull }: Place & NewPullRequest,
): Promise<PullRequest> {
  checkRepositoryName(owner, repo);
  const what = `a pull request from ${pull.head} of ${owner}/${repo}`;
  return await client.ask(what, async (request) => {
    const { data } = await request('POST /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      ...pull,
      request: { retries: 0 },
    });
    return pullRequestOf(what, data);
  });
}

/** Gives an open pull request a new title and text. */
export async function updatePullRequest(
  client: GitHubClient,
  { owner, repo, number, title, body }: Place & { number: number; title: string; body: string },
): Promise<void> {
  checkRepositoryName(owner, repo);
  await client.ask(`pull request ${owner}/${repo}#${number}`, async (request) => {
    await request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      owner,
      repo,
      pull_number: number,
      title,
      body,
    });
  });
}

/** Adds labels; GitHub makes those that do not exist. Doing it twice is doing it once. */
export async function addLabels(
  client: GitHubClient,
  { owner, repo, number, labels }: Place & { number: number; labels: readonly string[] },
): Promise<void> {
  checkRepositoryName(owner, repo);
  await client.ask(`the labels of ${owner}/${repo}#${number}`, async (request) => {
    await request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      owner,
      repo,
      issue_number: number,
      labels: [...labels],
    });
  });
}

/** Assigns people; GitHub leaves out those who cannot be. Doing it twice is doing it once. */
export async function addAssignees(
  client: GitHubClient,
  { owner, repo, number, assignees }: Place & { number: number; assignees: readonly string[] },
): Promise<void> {
  checkRepositoryName(owner, repo);
  await client.ask(`the assignees of ${owner}/${repo}#${number}`, async (request) => {
    await request('POST /repos/{owner}/{repo}/issues/{issue_number}/assignees', {
      owner,
      repo,
      issue_number: number,
      assignees: [...assignees],
    });
  });
}

/** Asks people and teams (by slug) for a review. Doing it twice is doing it once. */
export async function requestReviewers(
  client: GitHubClient,
  parts: Place & { number: number; reviewers: readonly string[]; teamReviewers: readonly string[] },
): Promise<void> {
  const { owner, repo, number, reviewers, teamReviewers } = parts;
  checkRepositoryName(owner, repo);
  await client.ask(`the reviewers of ${owner}/${repo}#${number}`, async (request) => {
    await request('POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers', {
      owner,
      repo,
      pull_number: number,
      reviewers: [...reviewers],
      team_reviewers: [...teamReviewers],
    });
  });
}

/** What GitHub's three ways of showing a pull request have in common. */
type Shown = {
  number: number;
  html_url: string;
  state: string;
  head: { ref: string; sha: string; repo: { full_name: string } | null };
  base: { ref: string; repo?: { full_name: string; default_branch?: string } };
};

function pullRequestOf(what: string, data: Shown): PullRequest {
  const { number, html_url: url, state, head, base } = data;
  const isKnown =
    Number.isSafeInteger(number) &&
    [url, state, head?.ref, head?.sha, base?.ref].every((each) => typeof each === 'string');
  if (!isKnown) throw answerUnreadable(what);
  return {
    number,
    url,
    isOpen: state === 'open',
    headRef: head.ref,
    headSha: head.sha,
    headRepository: head.repo?.full_name,
    isFromFork: head.repo?.full_name === undefined || head.repo.full_name !== base.repo?.full_name,
    baseRef: base.ref,
    defaultBranch: base.repo?.default_branch,
  };
}

/** A branch of GitHub; `name` differs from the one asked for where the branch was renamed, because GitHub answers for the new one. */
type GitHubBranch = { name: string; isProtected: boolean };

/** One branch by its name; undefined when GitHub shows none. https://docs.github.com/rest/branches/branches#get-a-branch */
export async function fetchBranch(
  client: GitHubClient,
  { owner, repo, branch }: { owner: string; repo: string; branch: string },
): Promise<GitHubBranch | undefined> {
  checkRepositoryName(owner, repo);
  const what = `the branch ${branch} of ${owner}/${repo}`;
  return await ifFound(
    client.ask(what, async (request) => {
      const { data } = await request('GET /repos/{owner}/{repo}/branches/{branch}', { owner, repo, branch });
      if (typeof data?.name !== 'string' || typeof data.protected !== 'boolean') throw answerUnreadable(what);
      return { name: data.name, isProtected: data.protected };
    }),
  );
}
