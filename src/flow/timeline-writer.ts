import type { RunStore } from '../runs/run-store.ts';

/** More lines than anybody reads; an agent must not fill the database. */
const MAX_ENTRIES = 2_000;

/** A line's text is cut at this many characters; the whole of it is in the output. */
const MAX_TEXT = 2_000;

/** A text as long as a line of a timeline may be. */
export function timelineText(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/** Writes what an agent does into its run's timeline, up to a bound that it states. */
export function createTimelineWriter(runs: RunStore, runId: string) {
  let written = 0;
  return {
    async write(entry: { kind: string; text: string; data?: Record<string, unknown> }): Promise<void> {
      written += 1;
      if (written > MAX_ENTRIES + 1) return;
      if (written === MAX_ENTRIES + 1)
        return await runs.note(runId, {
          kind: 'cut',
          text: `The timeline ends here after ${MAX_ENTRIES} lines; the output has them all.`,
        });
      await runs.note(runId, { ...entry, text: timelineText(entry.text) });
    },
  };
}
