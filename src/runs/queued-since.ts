import type { Run, TimelineEntry } from './run.ts';

/** When the run was put into the queue for its current attempt, in milliseconds since 1970: a run that is tried again waits anew. */
export function queuedSince(run: Pick<Run, 'queuedAt'>, timeline: readonly TimelineEntry[]): number {
  const [, ...again] = timeline.filter(({ kind, data }) => kind === 'state' && data.state === 'queued');
  return again.at(-1)?.at ?? run.queuedAt;
}
