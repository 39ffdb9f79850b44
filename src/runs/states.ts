import { FlowError } from '../base/errors.ts';
import type { Run, RunState, TimelineEntry } from './run.ts';

/**
 * The table of moves. `preparing → queued` is a run requeued before its agent started, `running → queued` one whose
 * profile wants another attempt, `ended → queued` one that somebody retries. Every end goes through `reporting`, except
 * that of a run that was never claimed.
 */
export const MOVES: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['preparing', 'ended'],
  preparing: ['running', 'reporting', 'queued'],
  running: ['reporting', 'queued'],
  reporting: ['ended'],
  ended: ['queued'],
};

/** Throws `run_move_refused` for a move that the table does not list. */
export function assertMove(id: string, from: RunState, to: RunState): void {
  if (MOVES[from].includes(to)) return;
  throw new FlowError({
    code: 'run_move_refused',
    blame: 'service',
    message: `Run ${id} is ${from} and cannot become ${to}.`,
    hint: 'This is an error of the service: please report it with the timeline of the run (github-flows runs show).',
  });
}

/** When the run was queued for its current attempt, in milliseconds since 1970; a retry queues it again. */
export function queuedSince(run: Pick<Run, 'queuedAt'>, timeline: readonly TimelineEntry[]): number {
  const [, ...again] = timeline.filter(({ kind, data }) => kind === 'state' && data.state === 'queued');
  return again.at(-1)?.at ?? run.queuedAt;
}
