import { asFlowError, type Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Lookups } from '../github/lookups.ts';
import { commitOnNoBranch, commitUnknown, forkNotAllowed, forkUnknown } from './errors.ts';

/** Why an event is about a fork's code while the profile admits none. */
export async function refuseFork(
  lookups: Pick<Lookups, 'isFork' | 'isOwnCommit'>,
  profile: Profile,
  event: FlowEvent,
): Promise<Problem | undefined> {
  if (profile.allow.forks !== false) return undefined;
  const { pullRequest: pull, repository } = event;
  if (!pull) return await refuseForeignCommit(lookups, profile, event);
  const name = repository?.fullName ?? '';
  const isFork = pull.isFork ?? (await lookups.isFork(profile, name, pull.number).catch(asFlowError));
  if (isFork instanceof Error) return forkUnknown(pull.number, isFork);
  return isFork ? forkNotAllowed(pull.number) : undefined;
}

/** A commit is the repository's own when one of its branches holds it; what the event says of branches is a name that forks have, too. */
async function refuseForeignCommit(
  lookups: Pick<Lookups, 'isOwnCommit'>,
  profile: Profile,
  { attributes, repository, commit }: FlowEvent,
): Promise<Problem | undefined> {
  if (attributes.isFork === true) return forkNotAllowed(undefined);
  if (commit === undefined || repository === undefined) return undefined;
  const isOwn = await lookups.isOwnCommit(profile, repository, commit).catch(asFlowError);
  if (isOwn instanceof Error) return commitUnknown(commit, isOwn);
  return isOwn ? undefined : commitOnNoBranch(commit);
}
