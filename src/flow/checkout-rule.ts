import { FlowError } from '../base/errors.ts';
import type { FlowEvent } from '../events/event.ts';
import type { CheckoutRule } from '../profiles/profile.ts';

/** Which commit a workspace is made from: a named ref, or a pull request's head or merge; `sha` pins it where the event names it. */
export type Wanted = { ref?: string; sha?: string; pullRequest?: { number: number; kind: 'head' | 'merge' } };

/** The rule of a profile held against an event. Throws `checkout_no_pull_request`. */
export function wantedCommit(rule: CheckoutRule, event: FlowEvent): Wanted {
  const defaultBranch = { ref: event.repository?.defaultBranch ?? 'HEAD' };
  const pull = event.pullRequest;
  switch (rule.from) {
    case 'default-branch':
      return defaultBranch;
    case 'ref':
      return { ref: rule.ref ?? defaultBranch.ref };
    case 'auto':
      return pull ? head(pull.number, pull.headSha) : defaultBranch;
    case 'pull-request-head':
      if (!pull) throw noPullRequest(rule.from, event);
      return head(pull.number, pull.headSha);
    case 'pull-request-merge':
      if (!pull) throw noPullRequest(rule.from, event);
      return { pullRequest: { number: pull.number, kind: 'merge' } };
  }
}

function head(number: number, sha: string | undefined): Wanted {
  return { pullRequest: { number, kind: 'head' }, ...(sha === undefined ? {} : { sha }) };
}

function noPullRequest(rule: string, event: FlowEvent): FlowError {
  return new FlowError({
    code: 'checkout_no_pull_request',
    blame: 'profile',
    message: `The profile checks out ${rule}, but this ${event.name} event is about no pull request.`,
    mend: 'Add "isPullRequest": true to the trigger, or remove `checkout` to take what fits the event.',
  });
}
