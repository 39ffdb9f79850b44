import type { Clock, Timer } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { GitHubClient } from '../github/client.ts';
import { addReaction, createComment, findComment } from '../github/issues.ts';
import type { Logger } from '../log/logger.ts';
import type { Report, ReportStore } from '../runs/report-store.ts';
import type { Run } from '../runs/run.ts';
import type { RunStore } from '../runs/run-store.ts';
import { commentMark, endComment } from './words.ts';

/** A report is tried this often before it is given up: with the waits below, for about a day. */
const MAX_ATTEMPTS = 12;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 3 * 3_600_000;
const LOOK_EVERY_MS = 5_000;

/** Says on GitHub what the rows of the report store ask for; a report that fails is tried again and never changes its run. */
export type Reporter = {
  /** Tries what is due of one run now; resolves when each was tried once. */
  report(runId: string): Promise<void>;
  /** From now on tries whatever is due. */
  start(): void;
  stop(): Promise<void>;
};

/** `clientFor` gives a client with the run's own GitHub credential; `mask` hides secrets in what is said. */
export function createReporter(parts: {
  reports: ReportStore;
  runs: RunStore;
  clientFor: (run: Run) => Promise<GitHubClient>;
  mask: (text: string) => string;
  clock: Clock;
  log: Logger;
}): Reporter {
  let timer: Timer | undefined;
  const busy = new Set<string>();
  let working: Promise<void> = Promise.resolve();
  const attempt = async (report: Report): Promise<void> => {
    if (busy.has(report.id)) return;
    busy.add(report.id);
    await tryReport(parts, report).finally(() => busy.delete(report.id));
  };
  const tryDue = async (): Promise<void> => {
    for (const report of await parts.reports.due(20)) await attempt(report);
  };
  return {
    async report(runId) {
      for (const report of await parts.reports.due(10, runId)) await attempt(report);
    },
    start() {
      timer = parts.clock.every(LOOK_EVERY_MS, () => {
        working = tryDue().catch((error: unknown) =>
          parts.log.error({ err: error }, 'reports could not be read'),
        );
        return working;
      });
    },
    async stop() {
      timer?.stop();
      await working;
    },
  };
}

async function tryReport(parts: Parameters<typeof createReporter>[0], report: Report): Promise<void> {
  try {
    const run = await parts.runs.find(report.runId);
    if (run) await say(await parts.clientFor(run), report, run, parts.mask);
    await parts.reports.done(report.id);
  } catch (error) {
    const fault = asFlowError(error);
    const attempts = report.attempts + 1;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** report.attempts);
    const final = attempts >= MAX_ATTEMPTS || fault.code === 'github_credential_missing';
    await parts.reports.failed(
      report.id,
      `${fault.code}: ${fault.message}`,
      final ? null : parts.clock.now() + wait,
    );
    parts.log.warn(
      { err: error, run: report.runId, kind: report.kind, attempts, final },
      'GitHub did not take a report',
    );
    await parts.runs.note(report.runId, {
      kind: 'report',
      text: `GitHub did not take the ${report.kind}: ${fault.message}`,
      data: { code: fault.code, attempts, final },
    });
  }
}

/** A comment that was perhaps posted before a crash or a lost answer is looked for before it is posted again. */
async function say(
  client: GitHubClient,
  report: Report,
  run: Run,
  mask: (text: string) => string,
): Promise<void> {
  const { owner, repository, subject, subjectId, number } = report.target;
  if (report.kind === 'reaction') {
    await addReaction(client, { owner, repo: repository, subject, id: subjectId, content: 'eyes' });
    return;
  }
  const mark = commentMark(run.id);
  if (report.attempts > 0 && (await findComment(client, { owner, repo: repository, number, mark }))) return;
  await createComment(client, { owner, repo: repository, number, body: mask(endComment(run)) });
}
