import type { Clock } from '../base/clock.ts';
import { cutText } from '../base/text.ts';
import type { RunStore } from '../runs/store/run-store.ts';

/** More lines than anybody reads; an agent must not fill the database. */
const MAX_ENTRIES = 2_000;

/** A line's text is cut at this many characters; the whole of it is in the output. */
const MAX_TEXT = 2_000;

/** How long to wait before a line that the database refused is written again. */
const AGAIN_MS = 1_000;

/** Cuts a text to the longest that a line of a timeline may have. */
export function timelineText(text: string): string {
  return cutText(text, MAX_TEXT);
}

/** A line of a timeline. */
type Entry = { kind: string; text: string; data?: Record<string, unknown> };

/** Accepts lines without waiting and writes them in order, so that a hanging database delays nothing that follows a container. */
export type TimelineWriter = {
  write(entry: Entry): void;
  /** Resolves when all lines are written. */
  flush(): Promise<void>;
  /** Drops lines that are not written yet. */
  close(): void;
};

/** A writer for one run's timeline; after `MAX_ENTRIES` lines it writes that the timeline is cut, and drops the rest. */
export function createTimelineWriter(
  parts: { runs: Pick<RunStore, 'note'>; clock: Clock },
  runId: string,
): TimelineWriter {
  const closing = new AbortController();
  let taken = 0;
  let writing = Promise.resolve();
  const store = async (entry: Entry): Promise<void> => {
    while (!closing.signal.aborted) {
      const isWritten = await parts.runs.note(runId, entry).then(
        () => true,
        () => false,
      );
      if (isWritten) return;
      await parts.clock.sleep(AGAIN_MS, closing.signal).catch(() => undefined);
    }
  };
  const add = (entry: Entry): void => {
    writing = writing.then(async () => await store(entry));
  };
  return {
    write(entry) {
      taken += 1;
      if (taken <= MAX_ENTRIES) add({ ...entry, text: timelineText(entry.text) });
      if (taken === MAX_ENTRIES + 1)
        add({
          kind: 'cut',
          text: `The timeline ends here after ${MAX_ENTRIES} lines; the output has them all.`,
        });
    },
    flush: async () => await writing,
    close: () => closing.abort(),
  };
}
