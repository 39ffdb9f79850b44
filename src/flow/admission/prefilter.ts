import type { Decision } from '../../deliveries/delivery.ts';
import type { FlowEvent } from '../../events/event.ts';

/** Why an event becomes no run. */
export type NoRunReason = Pick<Decision, 'reason' | 'message'>;

/** What no profile can change: a ping, an event without a repository, a comment that the service wrote; undefined for all others. */
export function prefilter(event: FlowEvent, isOwnComment: boolean): NoRunReason | undefined {
  if (event.name === 'ping')
    return { reason: 'ping', message: 'GitHub asked whether the webhook works: it does.' };
  if (!event.repository)
    return {
      reason: 'no_repository',
      message: `The ${event.name} event is about no repository, so there is nothing to work on.`,
    };
  if (isOwnComment)
    return {
      reason: 'own_comment',
      message: 'The comment begins with the mark that github-flows puts on its own, so it starts nothing.',
    };
  return undefined;
}

/** No profile's trigger fits. */
export const NO_PROFILE_MATCHED: NoRunReason = {
  reason: 'no_profile_matched',
  message: 'No profile matched; `github-flows explain` shows the first condition that failed for each.',
};
