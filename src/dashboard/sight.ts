import type { Run, TimelineEntry } from '../runs/run.ts';

/** An entry of a run's output, masked; with `part` its line goes on in the next of the same stream. */
export type OutputEntry = { stream: string; text: string; part?: true };

/** The end of what an attempt printed; not whole when there was more before it. */
export type LogEnd = { entries: readonly OutputEntry[]; isWhole: boolean };

/** One run as its page shows it. */
export type RunSight = {
  run: Run;
  /** Where it is, or how it came out, in a sentence. */
  headline: string;
  /** What the delivery was that started it; undefined when it is not stored any more. */
  event: { name: string; action: string | null } | undefined;
  timeline: readonly TimelineEntry[];
  log: LogEnd;
};

/** What the pages can see and do; the service hands it in. All may throw errors with codes. */
export type DashboardActions = {
  /** Newest first. */
  list(limit: number): Promise<readonly Run[]>;
  /** Throws `run_unknown`. */
  find(id: string): Promise<Run>;
  /** A run with the output of one of its attempts. */
  look(run: Run, attempt: number): Promise<RunSight>;
  cancel(id: string, reason: string): Promise<unknown>;
  retry(id: string, reason: string): Promise<unknown>;
};
