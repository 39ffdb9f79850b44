import type { Report } from '../runs/outbox/report.ts';

/** So many reports are under way at once, and so many of one repository, so that a slow one holds up no other. */
const AT_ONCE = 20;
const AT_ONCE_EACH = 5;

/** Who is said now of what is due. */
export type Turns = {
  /** Whether a report may begin: it is not under way already, nor of an owner who is left alone. */
  may(report: Report, nowMs: number): boolean;
  /** Those that may begin, as many as there is room for. */
  pick(due: readonly Report[], nowMs: number): Report[];
  /** Counts a report as under way until `work` is done; a rejection is the caller's. */
  hold(report: Report, work: Promise<void>): Promise<void>;
  /** What is under way, of one run when it is named. */
  underWay(runId?: string): Promise<void>[];
  /** Leaves everything of the report's owner alone until then (milliseconds since 1970): limits are the credential's, not the report's. */
  leaveAlone(report: Report, untilMs: number): void;
};

/** Turns of one reporter. */
export function createTurns(): Turns {
  const busy = new Map<string, { report: Report; done: Promise<void> }>();
  const quiet = new Map<string, number>();
  const may = (report: Report, nowMs: number): boolean =>
    !busy.has(report.id) && (quiet.get(ownerOf(report)) ?? 0) <= nowMs;
  return {
    may,
    pick(due, nowMs) {
      const perPlace = new Map<string, number>();
      const count = (report: Report): number => {
        const place = placeOf(report);
        perPlace.set(place, (perPlace.get(place) ?? 0) + 1);
        return perPlace.get(place) ?? 0;
      };
      for (const { report } of busy.values()) count(report);
      return due
        .filter((report) => may(report, nowMs))
        .filter((report) => count(report) <= AT_ONCE_EACH)
        .slice(0, Math.max(0, AT_ONCE - busy.size));
    },
    async hold(report, work) {
      const done = work.finally(() => busy.delete(report.id));
      busy.set(report.id, { report, done });
      await done;
    },
    underWay: (runId) =>
      [...busy.values()]
        .filter(({ report }) => runId === undefined || report.runId === runId)
        .map(({ done }) => done),
    leaveAlone(report, untilMs) {
      quiet.set(ownerOf(report), Math.max(untilMs, quiet.get(ownerOf(report)) ?? 0));
    },
  };
}

function ownerOf({ target }: Report): string {
  return target.owner.toLowerCase();
}

function placeOf(report: Report): string {
  return `${ownerOf(report)}/${report.target.repository.toLowerCase()}`;
}
