import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { ifFound } from './request-error.ts';
import { checkLogin, checkRepositoryName, checkTeam } from './urls.ts';

/** GitHub's levels, and what the older word for each is: https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user */
const LEVELS = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
  none: 'none',
} as const;

/** An account as an event names it; the id stays when the login is changed, or taken by somebody else. */
export type EventAccount = { login: string; id?: number | undefined };

/** The login that an account has by now; undefined when GitHub does not know or show it. Throws what `GitHubClient` says. https://docs.github.com/rest/users/users#get-a-user-using-their-id */
export async function currentLogin(client: GitHubClient, id: number): Promise<string | undefined> {
  const what = `the account ${id}`;
  return await ifFound(
    client.ask(what, async (request) => {
      const { data } = await request('GET /user/{account_id}', { account_id: id });
      if (typeof data?.login !== 'string') throw answerUnreadable(what);
      return data.login;
    }),
  );
}

/** What a user may do in a repository. */
type Permission = keyof typeof LEVELS;

type PermissionRequest = { owner: string; repo: string } & EventAccount;

/**
 * What an account may do in a repository, fetched now. `none` also when GitHub knows no such user or does not
 * show the repository to the token. With an id it is that account's right alone, under whatever login it has by now.
 * Throws `name_refused` and what `GitHubClient` says; no answer is no permission, so callers refuse on a throw.
 */
export async function fetchPermission(client: GitHubClient, request: PermissionRequest): Promise<Permission> {
  return (await fetchStanding(client, request)).permission;
}

/**
 * Whether an account belongs to a repository: as a collaborator, through a team or its organisation. On a public one the
 * permission `read` does not say so, for GitHub gives it to everybody. Throws like `fetchPermission`.
 * https://docs.github.com/rest/collaborators/collaborators#check-if-a-user-is-a-repository-collaborator
 */
export async function isCollaborator(client: GitHubClient, request: PermissionRequest): Promise<boolean> {
  const { permission, login } = await fetchStanding(client, request);
  if (permission === 'none') return false;
  const { owner, repo } = request;
  const isKnown = await ifFound(
    client.ask(`whether ${login} is a collaborator of ${owner}/${repo}`, async (request) => {
      await request('GET /repos/{owner}/{repo}/collaborators/{username}', { owner, repo, username: login });
      return true;
    }),
  );
  return isKnown === true;
}

/** The permission, and the login that the account has by now. */
async function fetchStanding(
  client: GitHubClient,
  { owner, repo, login, id }: PermissionRequest,
): Promise<{ permission: Permission; login: string }> {
  checkRepositoryName(owner, repo);
  const none = { permission: 'none', login } as const;
  const answer = await fetchByLogin(client, { owner, repo, login });
  if (id === undefined || answer?.id === id) return answer ? { ...answer, login } : none;
  if (answer && answer.id === undefined) return { ...answer, login };
  const now = await currentLogin(client, id);
  if (now === undefined || now.toLowerCase() === login.toLowerCase()) return none;
  const renamed = await fetchByLogin(client, { owner, repo, login: now });
  return renamed && (renamed.id === undefined || renamed.id === id) ? { ...renamed, login: now } : none;
}

async function fetchByLogin(
  client: GitHubClient,
  { owner, repo, login }: { owner: string; repo: string; login: string },
): Promise<{ permission: Permission; id: number | undefined } | undefined> {
  checkLogin(login);
  const what = `the permission of ${login} on ${owner}/${repo}`;
  return await ifFound(
    client.ask(what, async (request) => {
      const { data } = await request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
        owner,
        repo,
        username: login,
        request: { conditional: true },
      });
      const id = data?.user?.id;
      return {
        permission: permissionOf(data) ?? fail(what),
        id: Number.isSafeInteger(id) ? Number(id) : undefined,
      };
    }),
  );
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

/**
 * Whether an account is an active member of a team (`org/slug`), fetched now; an invitation that waits is none.
 * With an id it is asked under the login that the account has by now, as far as GitHub tells. False also when the team
 * is not there or hidden from the token. Throws `name_refused` and what `GitHubClient` says; callers refuse on a
 * throw.
 * https://docs.github.com/rest/teams/members#get-team-membership-for-a-user
 */
export async function isTeamMember(
  client: GitHubClient,
  { team, login: loginThen, id }: { team: string } & EventAccount,
): Promise<boolean> {
  const { org, slug } = checkTeam(team);
  checkLogin(loginThen);
  const login = (id === undefined ? undefined : await currentLogin(client, id)) ?? loginThen;
  checkLogin(login);
  const what = `the membership of ${login} in the team ${team}`;
  const isMember = await ifFound(
    client.ask(what, async (request) => {
      const { data } = await request('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', {
        org,
        team_slug: slug,
        username: login,
        request: { conditional: true },
      });
      if (typeof data !== 'object' || data === null || typeof data.state !== 'string')
        throw answerUnreadable(what);
      return data.state === 'active';
    }),
  );
  return isMember === true;
}
