import { asFlowError, type FlowError } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { CheckoutRule, Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { WantedCommit } from '../../workspaces/mirrors/wanted-commit.ts';
import type { Lookups } from '../github/lookups.ts';
import { checkoutNoPullRequest } from './errors.ts';

/** Applies the rule of a profile to an event. Throws `checkout_no_pull_request`. */
export function wantedCommit(rule: CheckoutRule, event: FlowEvent): WantedCommit {
  const defaultBranch = {};
  const pull = event.pullRequest;
  switch (rule.from) {
    case 'default-branch':
      return defaultBranch;
    case 'ref':
      return rule.ref === undefined ? defaultBranch : { ref: rule.ref };
    case 'auto':
      return pull ? head(pull.number, pull.headSha) : defaultBranch;
    case 'pull-request-head':
      if (!pull) throw checkoutNoPullRequest(rule.from, event.name);
      return head(pull.number, pull.headSha);
    case 'event-commit':
      return event.commit === undefined ? defaultBranch : { sha: event.commit };
    case 'pull-request-merge':
      if (!pull) throw checkoutNoPullRequest(rule.from, event.name);
      return { pullRequest: { number: pull.number, kind: 'merge' } };
  }
}

/** Whether a run works on the current default branch; the one that an event names may have been renamed since. */
export function followsDefault(rule: CheckoutRule, event: FlowEvent): boolean {
  return Object.keys(wantedCommit(rule, event)).length === 0;
}

/** Whether a rule checks out what belongs to the event's pull request, so that its head is pinned when the run is admitted. */
function isOfPullRequest(rule: CheckoutRule, event: FlowEvent): boolean {
  return event.pullRequest !== undefined && /^(?:auto|pull-request-(?:head|merge))$/.test(rule.from);
}

/**
 * Where the agent configuration of a workspace comes from, or undefined when it is the checked-out commit's own: the
 * commit that the event names as the pull request's base, else the default branch. A commit that an event names may be
 * a pull request's, too.
 */
export function pullRequestBase(
  rule: CheckoutRule,
  event: FlowEvent,
): { sha: string | undefined } | undefined {
  const byRef =
    rule.from === 'event-commit' || (rule.from === 'ref' && rule.ref?.startsWith('refs/pull/') === true);
  const byRule = rule.from === 'pull-request-head' || rule.from === 'pull-request-merge';
  const isPull = byRef || byRule || (rule.from === 'auto' && event.pullRequest !== undefined);
  if (!isPull || rule.agentConfig === 'head') return undefined;
  return { sha: byRef ? undefined : event.pullRequest?.baseSha };
}

function head(number: number, sha: string | undefined): WantedCommit {
  return { pullRequest: { number, kind: 'head' }, ...(sha === undefined ? {} : { sha }) };
}

/**
 * Where the head of an event's pull request is now, when the run would work on it and the event does not say: what is
 * pushed to the pull request later is not what its run was asked for. Null for a run that needs none; gives the error
 * when GitHub gave no answer.
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
