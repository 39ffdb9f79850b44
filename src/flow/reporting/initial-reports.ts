import type { Kysely } from 'kysely';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { NewReport } from '../../runs/outbox/report.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import { commentTarget, commitTarget, reactionTarget } from './report-targets.ts';
import { statusAt } from './status-comment.ts';

/** What is said from a run's beginning: a reaction, its live comment, and its check, each as far as the profile wants it. */
export async function addStartReports(
  reports: ReportStore,
  { event, profile, runId }: { event: FlowEvent; profile: Profile; runId: string },
  trx: Kysely<unknown>,
): Promise<void> {
  const { report } = profile;
  const reaction = report.reaction ? reactionTarget(event) : undefined;
  const comment = report.comment === 'always' ? commentTarget(event) : undefined;
  const check = report.check ? checkOf(event, profile, runId) : undefined;
  if (reaction)
    await reports.add({ key: `reaction:${runId}`, kind: 'reaction', runId, target: reaction }, trx);
  if (comment) await reports.add(statusAt(comment, runId), trx);
  if (check) await reports.add(check, trx);
}

/** The check of a run: on its pull request's commit, else on the one that the event names. */
function checkOf(event: FlowEvent, { checkout }: Profile, runId: string): NewReport | undefined {
  const pull = event.pullRequest;
  const target = pull ? commentTarget(event) : commitTarget(event);
  if (!target) return undefined;
  const sha = pull ? pull.headSha : event.commit;
  const isCheckout = checkout.from === 'auto' || checkout.from === 'pull-request-head';
  const content = { ...(sha === undefined ? {} : { sha }), isCheckout };
  return { key: `check:${runId}`, kind: 'check', runId, target, content };
}

/** Why nothing of a run is said on GitHub although its profile would have it said: there is no place for it. */
export function notTold(event: FlowEvent, { report }: Profile): string | undefined {
  const isWanted = report.reaction || report.comment !== 'never';
  if (!isWanted || commentTarget(event) || (report.check && commitTarget(event))) return undefined;
  return `Nothing of it is said on GitHub: this ${event.name} event is about no issue, pull request or discussion.`;
}
