import type { LogEntry } from './demux.ts';

/** A place in the engine's log: `since` is the time of the request (empty: all), `first` the time of the first entry it then gives, `seen` how many of those were seen. */
type Mark = { since: string; first: string; seen: number };

/** A position as data, to be stored. */
export type SavedPosition = {
  marks: readonly Mark[];
  newest: string;
  open: Readonly<Record<string, string>>;
  /** Whether the handler had begun. */
  begun?: true;
};

/** From where the engine's log is read again: the first `skip` entries it gives are known. */
type Resume = { since: string | undefined; first: string; skip: number; newest: string };

/** Keeps count of what was read of one container's log, in constant memory. */
export type LogPosition = {
  /** One more entry was read; `part` when its line is not over. */
  note(at: string, stream: string, part: boolean): void;
  resume(): Resume;
  save(): SavedPosition;
};

/**
 * A position that forgets nothing and doubles nothing.
 *
 * The engine gives entries from a time on, and times are not in order: each stream is stamped before both are written
 * one after the other, and all parts of a line carry the time of the first. So the requested mark lies more than a
 * second, and every unfinished line, before the newest entry, and everything from it on is counted. Of the three marks each was made in a later second than the one before.
 */
export function createPosition(saved?: SavedPosition): LogPosition {
  let marks: Mark[] = saved?.marks.map((mark) => ({ ...mark })) ?? [];
  let newest = saved?.newest ?? '';
  const open = new Map(Object.entries(saved?.open ?? {}));

  const isBehindOpenLines = (mark: Mark): boolean => [...open.values()].every((at) => mark.since <= at);
  const advance = (at: string): void => {
    const [, middle, next] = marks;
    if (middle && next && isBehindOpenLines(middle))
      marks = [middle, next, { since: at, first: at, seen: 0 }];
  };
  return {
    note(at, stream, part) {
      if (marks.length === 0) marks = [0, 1, 2].map(() => ({ since: '', first: at, seen: 0 }));
      if (at > newest) {
        newest = at;
        if (secondOf(at) !== secondOf(marks.at(-1)?.first ?? '')) advance(at);
      }
      for (const mark of marks) if (at >= mark.since) mark.seen += 1;
      if (!part) open.delete(stream);
      else if (!open.has(stream)) open.set(stream, at);
    },
    resume() {
      const { since = '', first = '', seen = 0 } = marks[0] ?? {};
      return { since: since === '' ? undefined : since, first, skip: seen, newest };
    },
    save: () => ({ marks: marks.map((mark) => ({ ...mark })), newest, open: Object.fromEntries(open) }),
  };
}

/** `2026-01-31T12:00:00` of `2026-01-31T12:00:00.123456789Z`. */
function secondOf(at: string): string {
  return at.slice(0, 19);
}

/** What to do with the entries of a log that is read again from a position. */
type ResumeFilter = {
  /** Whether this entry was seen before. To be called once for each entry, in order. */
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
