import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { NewReport, ReportTarget } from '../../runs/outbox/report.ts';
import { commentTarget, reactionTarget } from './report-targets.ts';
import { statusAt } from './status-comment.ts';

/** What is reported from a run's beginning: a reaction, its live comment, and its check, each as far as the profile wants it. */
export function startReports(event: FlowEvent, profile: Profile, runId: string): NewReport[] {
  const { report } = profile;
  const reaction = report.reaction ? reactionTarget(event) : undefined;
  const comment = report.comment === 'always' ? commentTarget(event) : undefined;
  const check = report.check ? checkOf(event, profile, runId) : undefined;
  return [
    ...(reaction ? [reactionOf(reaction, runId)] : []),
    ...(comment ? [statusAt(comment, runId)] : []),
    ...(check ? [check] : []),
  ];
}

function reactionOf(target: ReportTarget, runId: string): NewReport {
  const content = { reaction: 'eyes' } as const;
  return { key: `reaction:${runId}`, kind: 'reaction', runId, profile: null, content, target };
}

/** The check of a run: on its pull request's commit, else on the one that the event names. */
function checkOf(event: FlowEvent, { checkout }: Profile, runId: string): NewReport | undefined {
  const pull = event.pullRequest;
  const target = pull ? commentTarget(event) : commitTarget(event);
  if (!target) return undefined;
  const sha = pull ? pull.headSha : event.commit;
  const isCheckout = checkout.from === 'auto' || checkout.from === 'pull-request-head';
  const content = { ...(sha === undefined ? {} : { sha }), isCheckout };
  return { key: `check:${runId}`, kind: 'check', runId, profile: null, content, target };
}

/** Why nothing of a run is reported on GitHub although its profile wants it: the event has no thread. */
export function whyUnreported(event: FlowEvent, { report }: Profile): string | undefined {
  const isWanted = report.reaction || report.comment !== 'never';
  if (!isWanted || commentTarget(event) || (report.check && commitTarget(event))) return undefined;
  return `No comment is posted: this ${event.name} event is about no issue, pull request or discussion.`;
}

/** Where a check goes whose event is about no thread: the commit that it names. */
function commitTarget({ repository, commit }: FlowEvent): ReportTarget | undefined {
  if (!repository || commit === undefined) return undefined;
  return { owner: repository.owner, repository: repository.name, subject: 'commit', subjectId: 0, number: 0 };
}
