import type { PublicationStore } from '../../runs/outbox/publication-store.ts';
import type { NewReport } from '../../runs/outbox/report.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { AnyPatch } from '../../runs/store/run-rows.ts';
import type { RunStore } from '../../runs/store/run-store.ts';

/** Replaces every secret in a text. */
type Mask = (text: string) => string;

/** A store of runs that masks every text it is given: lines of timelines, reasons, final messages. */
export function maskedRuns(store: RunStore, mask: Mask): RunStore {
  return {
    ...store,
    advance: async (run, to, patch, text) =>
      await store.advance(run, to, maskedPatch(patch, mask), mask(text)),
    note: async (id, entry) => await store.note(id, maskedTexts(entry, mask)),
    noteWithin: async (trx, id, entry) => await store.noteWithin(trx, id, maskedTexts(entry, mask)),
    requestCancel: async (id, reason) => await store.requestCancel(id, mask(reason)),
  };
}

/** A store of what is to be posted whose texts are masked. */
export function maskedReports(store: ReportStore, mask: Mask): ReportStore {
  const masked = <Added extends NewReport>(report: Added): Added => ({
    ...report,
    content: maskedTexts(report.content, mask),
  });
  return {
    ...store,
    add: async (report, ...more) => await store.add(masked(report), ...more),
    failed: async (id, error, nextAt) => await store.failed(id, mask(error), nextAt),
  };
}

/** A store of publications that masks the errors it is given. */
export function maskedPublications<Store extends PublicationStore>(store: Store, mask: Mask): Store {
  return {
    ...store,
    refused: async (which: Parameters<Store['refused']>[0], why: string) =>
      await store.refused(which, mask(why)),
    failed: async (which: Parameters<Store['failed']>[0], why: string, nextAt: number | null) =>
      await store.failed(which, mask(why), nextAt),
  };
}

function maskedPatch<Patch extends AnyPatch>(patch: Patch, mask: Mask): Patch {
  const { reason, finalMessage } = patch;
  return {
    ...patch,
    ...(reason ? { reason: maskedTexts(reason, mask) } : {}),
    ...(finalMessage ? { finalMessage: mask(finalMessage) } : {}),
  };
}

/** Data with all its texts masked, however deep they stand. */
function maskedTexts<Data>(data: Data, mask: Mask): Data {
  if (typeof data === 'string') return mask(data) as Data;
  if (Array.isArray(data)) return data.map((item) => maskedTexts(item, mask)) as Data;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, maskedTexts(value, mask)]),
  ) as Data;
}
