import { isoTime } from '../base/clock.ts';
import type { CheckState } from '../github/checks.ts';
import type { Outcome, Run } from '../runs/run.ts';
import { headline, isOver } from './run-words.ts';

const CONCLUSIONS: Readonly<Record<Outcome, NonNullable<CheckState['conclusion']>>> = {
  succeeded: 'success',
  failed: 'failure',
  timed_out: 'timed_out',
  stalled: 'timed_out',
  cancelled: 'cancelled',
  refused: 'failure',
  lost: 'failure',
};

/** The name under which a profile's checks stand on a pull request. */
export function checkRunName(profile: string): string {
  return `github-flows: ${profile}`;
}

/** What the check of a run says; `summary` is the text of its comment. */
export function checkState(run: Run, told: { summary: string; link: string; nowMs: number }): CheckState {
  const startedAt = isoTime(run.startedAt);
  const said = {
    ...(startedAt ? { startedAt } : {}),
    ...(told.link ? { detailsUrl: told.link } : {}),
    title: headline(run),
    summary: told.summary,
  };
  if (!isOver(run))
    return {
      ...said,
      status: run.state === 'queued' || run.state === 'preparing' ? 'queued' : 'in_progress',
    };
  return {
    ...said,
    status: 'completed',
    conclusion: CONCLUSIONS[run.outcome],
    completedAt: isoTime(run.endedAt ?? told.nowMs) ?? '',
  };
}
