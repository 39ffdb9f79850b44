import { FlowError } from '../base/errors.ts';
import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkRepositoryName } from './urls.ts';

/** A branch of GitHub; `name` differs from the one asked for where the branch was renamed, because GitHub answers for the new one. */
type GitHubBranch = { name: string; isProtected: boolean };

/** One branch by its name; undefined when GitHub shows none. https://docs.github.com/rest/branches/branches#get-a-branch */
export async function askBranch(
  client: GitHubClient,
  { owner, repo, branch }: { owner: string; repo: string; branch: string },
): Promise<GitHubBranch | undefined> {
  checkRepositoryName(owner, repo);
  const what = `the branch ${branch} of ${owner}/${repo}`;
  try {
    return await client.ask(what, async (request) => {
      const { data } = await request('GET /repos/{owner}/{repo}/branches/{branch}', { owner, repo, branch });
      if (typeof data?.name !== 'string' || typeof data.protected !== 'boolean') throw answerUnreadable(what);
      return { name: data.name, isProtected: data.protected };
    });
  } catch (error) {
    if (error instanceof FlowError && error.code === 'github_not_found') return undefined;
    throw error;
  }
}
