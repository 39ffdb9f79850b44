import { asFlowError, type FlowError } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { Lookups } from '../github/lookups.ts';
import { isOfPullRequest } from './checkout-rule.ts';

/**
 * Where the head of an event's pull request is now, when the run would work on it and the event does not say: what is
 * pushed to the pull request later is not what its run was asked for. Null for a run that needs none; gives the fault
 * when nobody could tell.
 */
export async function pinHead(
  lookups: Pick<Lookups, 'pullHead'>,
  profile: Profile,
  event: FlowEvent,
): Promise<string | null | FlowError> {
  const { pullRequest: pull, repository } = event;
  const isAsked = pull && pull.headSha === undefined && isOfPullRequest(profile.checkout, event);
  if (!isAsked || repository === undefined) return null;
  const head = await lookups.pullHead(profile, repository, pull.number).catch(asFlowError);
  return head ?? null;
}

/** The event as its run was admitted for: with the head that was pinned then, where it names none itself. */
export function withPinnedHead(event: FlowEvent, { headSha }: Pick<Run, 'headSha'>): FlowEvent {
  const { pullRequest: pull } = event;
  if (!headSha || pull === undefined || pull.headSha !== undefined) return event;
  return { ...event, pullRequest: { ...pull, headSha } };
}
