import type { Clock } from '../base/clock.ts';
import type { Reporter } from '../feedback/reporter.ts';
import type { Profile } from '../profiles/profile.ts';
import type { ReportStore } from '../runs/report-store.ts';
import type { Run } from '../runs/run.ts';
import type { RunStore } from '../runs/run-store.ts';

/** What telling takes from the rest of the service. */
export type TellParts = { reports: ReportStore; runs: RunStore; reporter: Reporter; clock: Clock };

/** What GitHub has not taken by then is retried from rows of its own, while the run is `ended`. */
const REPORT_MS = 15_000;

/** Says on GitHub how a run came out, as far as its profile wants that; nothing that goes wrong here changes the run. */
export async function tell(parts: TellParts, run: Run): Promise<void> {
  await wantEnd(parts, run);
  const late = new AbortController();
  await Promise.race([
    parts.reporter.report(run.id).finally(() => late.abort()),
    parts.clock.sleep(REPORT_MS, late.signal).catch(() => undefined),
  ]);
}

/** Asks for the comment about a run's end, where its profile wants one. */
export async function wantEnd(parts: Pick<TellParts, 'reports' | 'runs'>, run: Run): Promise<void> {
  const { report } = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const wanted =
    report.comment === 'always' || (report.comment === 'on-failure' && run.outcome !== 'succeeded');
  if (wanted) await wantStatus(parts.reports, run);
}

/** Asks for the one comment about a run: made if it is not there, else brought up to date. Runs about no thread have none. */
export async function wantStatus(
  reports: ReportStore,
  run: Pick<Run, 'id' | 'repository' | 'issueNumber'>,
  trx?: Parameters<ReportStore['add']>[1],
): Promise<void> {
  const [owner = '', repository = ''] = run.repository.split('/');
  const number = run.issueNumber;
  if (number === null) return;
  const target = { owner, repository, subject: 'issue', subjectId: number, number } as const;
  await reports.add({ key: `status:${run.id}`, kind: 'status', runId: run.id, target }, trx);
}
