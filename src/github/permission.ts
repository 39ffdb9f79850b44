import { FlowError } from '../base/errors.ts';
import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkLogin, checkRepositoryName } from './urls.ts';

/** GitHub's levels, and what the older word for each is: https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user */
const LEVELS = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
  none: 'none',
} as const;

/** What a user may do in a repository. */
export type Permission = keyof typeof LEVELS;

/**
 * What `login` may do in a repository, asked of GitHub now. `none` also when GitHub knows no such user or does not
 * show the repository to the token. Throws `github_name_refused` and what `GitHubClient` says; no answer is no
 * permission, so callers refuse on a throw.
 */
export async function askPermission(
  client: GitHubClient,
  { owner, repo, login }: { owner: string; repo: string; login: string },
): Promise<Permission> {
  checkRepositoryName(owner, repo);
  checkLogin(login);
  const what = `the permission of ${login} on ${owner}/${repo}`;
  try {
    return await client.ask(what, async (request) => {
      const { data } = await request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
        owner,
        repo,
        username: login,
        request: { conditional: true },
      });
      return permissionOf(data) ?? fail(what);
    });
  } catch (error) {
    if (error instanceof FlowError && error.code === 'github_not_found') return 'none';
    throw error;
  }
}

/** A custom role counts as the level it grants, also when somebody gave it the name of a higher one. */
function permissionOf(data: unknown): Permission | undefined {
  if (typeof data !== 'object' || data === null || !('permission' in data)) return undefined;
  const { permission } = data;
  if (!isLevel(permission)) return undefined;
  const role = 'role_name' in data ? data.role_name : undefined;
  return isLevel(role) && LEVELS[role] === permission ? role : permission;
}

function isLevel(value: unknown): value is Permission {
  return typeof value === 'string' && Object.hasOwn(LEVELS, value);
}

function fail(what: string): never {
  throw answerUnreadable(what);
}
