import { LRUCache } from 'lru-cache';
import type { Report } from '../runs/outbox/report.ts';

/** Reports posted at once, altogether and of one repository, so that a slow repository delays no other. */
const AT_ONCE = 20;
const AT_ONCE_EACH = 5;

/** Of so many owners it is known that their limit is used up. */
const MAX_OWNERS = 10_000;

/** Which reports are posted now, of those that are due. */
export type PostingLimits = {
  /** Whether a report may begin: it is not under way already, nor of an owner whose limit is used up. */
  mayStart(report: Report, nowMs: number): boolean;
  /** The due reports that may begin, as many as there is room for. */
  pick(due: readonly Report[], nowMs: number): Report[];
  /** Counts a report as under way until `work` settles; rejects as `work` does. */
  track(report: Report, work: Promise<void>): Promise<void>;
  /** What is under way, of one run when it is named. */
  underWay(runId?: string): Promise<void>[];
  /** Starts nothing of the report's owner until then (milliseconds since 1970): limits are the credential's, not the report's. */
  pause(report: Report, untilMs: number): void;
};

export function createPostingLimits(): PostingLimits {
  const busy = new Map<string, { report: Report; done: Promise<void> }>();
  const pausedUntil = new LRUCache<string, number>({ max: MAX_OWNERS });
  const mayStart = (report: Report, nowMs: number): boolean =>
    !busy.has(report.id) && (pausedUntil.get(ownerOf(report)) ?? 0) <= nowMs;
  return {
    mayStart,
    pick(due, nowMs) {
      const perRepository = new Map<string, number>();
      const count = (report: Report): number => {
        const repository = repositoryOf(report);
        perRepository.set(repository, (perRepository.get(repository) ?? 0) + 1);
        return perRepository.get(repository) ?? 0;
      };
      for (const { report } of busy.values()) count(report);
      return due
        .filter((report) => mayStart(report, nowMs))
        .filter((report) => count(report) <= AT_ONCE_EACH)
        .slice(0, Math.max(0, AT_ONCE - busy.size));
    },
    async track(report, work) {
      const done = work.finally(() => busy.delete(report.id));
      busy.set(report.id, { report, done });
      await done;
    },
    underWay: (runId) =>
      [...busy.values()]
        .filter(({ report }) => runId === undefined || report.runId === runId)
        .map(({ done }) => done),
    pause(report, untilMs) {
      pausedUntil.set(ownerOf(report), Math.max(untilMs, pausedUntil.get(ownerOf(report)) ?? 0));
    },
  };
}

function ownerOf({ target }: Report): string {
  return target.owner.toLowerCase();
}

function repositoryOf(report: Report): string {
  return `${ownerOf(report)}/${report.target.repository.toLowerCase()}`;
}
