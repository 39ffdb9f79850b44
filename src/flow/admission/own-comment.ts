import type { FlowEvent } from '../../events/event.ts';
import type { Marks } from '../../feedback/marks.ts';
import { markedWriting } from '../../feedback/words.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';

/** Whether we wrote the comment that an event is about: by our seal, or by the id that GitHub gave a comment of ours. */
export async function isOwnComment(
  parts: { marks: Marks; reports: Pick<ReportStore, 'hasComment'> },
  event: FlowEvent,
): Promise<boolean> {
  const writing = markedWriting(event);
  if (!writing) return false;
  if (parts.marks.isSealed(writing.body)) return true;
  return Number.isSafeInteger(writing.id) && (await parts.reports.hasComment(writing.id));
}
