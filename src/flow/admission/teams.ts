import { asFlowError, type Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import { isSameLogin } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Lookups } from '../github/lookups.ts';
import { teamElsewhere, teamNotAllowed, teamUnknown } from './errors.ts';

/** Why an actor is in none of these teams (`org/slug`). Teams of other organisations than the repository's owner do not count. */
export async function refuseTeams(
  lookups: Pick<Lookups, 'isMember'>,
  profile: Profile,
  { repository, actor }: FlowEvent,
  teams: readonly string[],
): Promise<Problem | undefined> {
  const fullName = repository?.fullName ?? '';
  const owner = fullName.split('/')[0] ?? '';
  const ours = teams.filter((team) => isSameLogin(team.split('/')[0] ?? '', owner));
  if (ours.length === 0) return teamElsewhere(teams, owner);
  const login = actor?.login ?? '';
  let unknown: Problem | undefined;
  for (const team of ours) {
    const answer = await lookups
      .isMember(profile, fullName, team, { login, id: actor?.id })
      .catch(asFlowError);
    if (answer === true) return undefined;
    if (answer instanceof Error) unknown ??= teamUnknown(login, team, answer);
  }
  return unknown ?? teamNotAllowed(login, ours);
}
