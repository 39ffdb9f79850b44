import type { Kysely } from 'kysely';
import type { FlowEvent } from '../events/event.ts';
import type { Profile } from '../profiles/profile.ts';
import type { ReportStore } from '../runs/report-store.ts';
import { commentTarget, reactionTarget } from './report-targets.ts';
import { wantStatus } from './tell.ts';

/** What is said from a run's beginning: a reaction, its live comment, and its check, each as far as the profile wants it. */
export async function addStartReports(
  reports: ReportStore,
  { event, profile, runId }: { event: FlowEvent; profile: Profile; runId: string },
  trx: Kysely<unknown>,
): Promise<void> {
  const { report } = profile;
  const reaction = report.reaction ? reactionTarget(event) : undefined;
  if (reaction)
    await reports.add({ key: `reaction:${runId}`, kind: 'reaction', runId, target: reaction }, trx);
  const comment = commentTarget(event);
  if (!comment) return;
  if (report.comment === 'always')
    await wantStatus(
      reports,
      { id: runId, repository: event.repository?.fullName ?? '', issueNumber: comment.number },
      trx,
    );
  if (report.check && event.pullRequest) {
    const { headSha } = event.pullRequest;
    const { from } = profile.checkout;
    const content = {
      ...(headSha === undefined ? {} : { sha: headSha }),
      isCheckout: from === 'auto' || from === 'pull-request-head',
    };
    await reports.add({ key: `check:${runId}`, kind: 'check', runId, target: comment, content }, trx);
  }
}
