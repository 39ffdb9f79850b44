import { isoTime } from '../../base/clock.ts';
import type { Run, TimelineEntry } from '../run.ts';
import { runFindings } from './run-findings.ts';
import { runView } from './view.ts';

/** One run with all that is known of it, as `runs show --json` and the API give it. */
export function runDetails(run: Run, timeline: readonly TimelineEntry[]): Record<string, unknown> {
  return {
    ...runView(run),
    exitCode: run.exitCode,
    finalMessage: run.finalMessage,
    usage: run.usage,
    cancelReason: run.cancelReason,
    limits: run.limits,
    ...runFindings([...timeline]),
    reasonDetail: run.reason,
    timeline: timeline.map((entry) => ({ ...entry, at: isoTime(entry.at) })),
  };
}
