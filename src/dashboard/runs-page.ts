import type { Run } from '../runs/run.ts';
import { harmless } from './harmless.ts';
import { moment } from './moments.ts';
import { runStatus } from './run-page.ts';

/** What views/runs.hbs shows. */
export function runsPage(runs: readonly Run[], now: number): object {
  return {
    runs: runs.map((run) => ({
      id: run.id,
      status: runStatus(run),
      place: harmless(`${run.repository}${run.issueNumber === null ? '' : `#${run.issueNumber}`}`),
      profile: harmless(run.profile),
      actor: run.actor && harmless(run.actor),
      code: run.reason?.code ?? null,
      time: moment(run.queuedAt, now),
    })),
  };
}
