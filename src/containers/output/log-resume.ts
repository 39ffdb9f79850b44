import type { LogEntry } from './demux.ts';
import type { Resume } from './log-position.ts';

/** What to do with the entries of a log that is read again from a position. */
type ResumeFilter = {
  /** Whether this entry was seen before. Entries are asked about once each, in order. */
  isKnown(entry: LogEntry): boolean;
  /** Whether the engine no longer has some of what comes after the position; known after the first entry. */
  readonly hasGap: boolean;
};

/** Counts off what is known; when the engine's first entry is not the one that was counted first, it has dropped entries, and only their times are left to compare. */
export function createResumeFilter({ first, skip, newest }: Resume): ResumeFilter {
  let toSkip = skip;
  let isFirst = skip > 0;
  let hasGap = false;
  return {
    isKnown({ at }) {
      if (isFirst) hasGap = at !== first;
      isFirst = false;
      if (hasGap) return at <= newest;
      toSkip -= 1;
      return toSkip >= 0;
    },
    get hasGap() {
      return hasGap;
    },
  };
}
