import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import { readEvent } from '../../events/from-delivery.ts';
import type { Reporter } from '../../feedback/reporter.ts';
import { hasTrouble } from '../../feedback/run-comment.ts';
import type { NewReport, ReportTarget } from '../../runs/outbox/report.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { commentTarget, isAboutDiscussion } from './report-targets.ts';

/** What reporting takes from the rest of the service. */
type ReportParts = RequestReportParts & { reporter: Reporter; clock: Clock };

/** What asking for a comment takes. */
type RequestReportParts = { reports: ReportStore; runs: RunStore; deliveries: DeliveryStore };

/** What GitHub has not taken by then is retried from rows of its own, while the run is `ended`. */
const REPORT_MS = 15_000;

/** Says on GitHub how a run came out, as far as its profile wants that; nothing that goes wrong here changes the run. */
export async function reportEnd(parts: ReportParts, run: Run): Promise<void> {
  await requestEndReport(parts, run);
  await within(parts.clock, REPORT_MS, parts.reporter.report(run.id));
}

/** Asks for the comment about a run's end, where its profile wants one. */
export async function requestEndReport(parts: RequestReportParts, run: Run): Promise<void> {
  if (await isEndReportWanted(parts, run)) await requestStatus(parts, run);
}

/** Whether a run's profile wants a comment about its end; one that publishes also when a run that succeeded published nothing, or not all. */
async function isEndReportWanted({ runs }: Pick<RequestReportParts, 'runs'>, run: Run): Promise<boolean> {
  const { report, publish } = await runs.profile(run.id);
  if (report.comment !== 'on-failure') return report.comment === 'always';
  if (run.outcome !== 'succeeded') return true;
  return publish !== undefined && hasTrouble(run, await runs.timeline(run.id));
}

/** Asks for the one comment about a run: made if it is not there, else brought up to date. Runs about no thread have none. */
export async function requestStatus(
  parts: Pick<RequestReportParts, 'reports' | 'deliveries'>,
  run: Pick<Run, 'id' | 'repository' | 'issueNumber' | 'deliveryId'>,
): Promise<void> {
  const target = await threadOf(parts.deliveries, run);
  if (target) await parts.reports.add(statusAt(target, run.id));
}

/** The one comment about a run, in its thread. */
export function statusAt(target: ReportTarget, runId: string): NewReport {
  return { key: `status:${runId}`, kind: 'status', runId, profile: null, content: {}, target };
}

/** The thread of a run; only its delivery knows the global id of a discussion, as long as its body is kept. */
async function threadOf(
  deliveries: DeliveryStore,
  { repository: fullName, issueNumber: number, deliveryId }: Parameters<typeof requestStatus>[1],
): Promise<ReportTarget | undefined> {
  if (number === null) return undefined;
  const name = (await deliveries.find(deliveryId))?.event ?? '';
  if (isAboutDiscussion({ name })) {
    const body = await deliveries.body(deliveryId).catch(forgetGone);
    return body && commentTarget(readEvent({ deliveryId, event: name, body }));
  }
  const [owner = '', repository = ''] = fullName.split('/');
  return { owner, repository, subject: 'issue', subjectId: number, number };
}

function forgetGone(error: unknown): undefined {
  if (asFlowError(error).code !== 'delivery_body_gone') throw error;
}
