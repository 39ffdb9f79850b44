import { type EventAccount, known, loginOf } from './accounts.ts';
import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkLogin, checkTeam } from './urls.ts';

/**
 * Whether an account is an active member of a team (`org/slug`), asked of GitHub now; an invitation that waits is none.
 * With an id it is asked under the login that the account has by now, as far as GitHub tells. False also when the team
 * is not there or hidden from the token. Throws `github_name_refused` and what `GitHubClient` says; callers refuse on a
 * throw.
 * https://docs.github.com/rest/teams/members#get-team-membership-for-a-user
 */
export async function isTeamMember(
  client: GitHubClient,
  { team, login: loginThen, id }: { team: string } & EventAccount,
): Promise<boolean> {
  const { org, slug } = checkTeam(team);
  checkLogin(loginThen);
  const login = (id === undefined ? undefined : await loginOf(client, id)) ?? loginThen;
  checkLogin(login);
  const what = `the membership of ${login} in the team ${team}`;
  const isMember = await known(
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
