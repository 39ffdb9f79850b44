import type { Clock } from '../../base/clock.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import { OWN_WORK, type Start } from '../../runs/store/start-store.ts';

/** As what a start is counted: `isOwn` when the service itself, or the work of one of its runs, is behind the event. */
export type StartedBy = { machine: boolean; isOwn: boolean };

/** One start of a run as it is counted; it reserves all the time that its profile gives a run. */
export function startOf(
  parts: { clock: Clock; defaultTimeoutSec: number },
  { event, profile, runId, by }: { event: FlowEvent; profile: Profile; runId: string; by: StartedBy },
): Start {
  const thread = threadNumber(event);
  return {
    runId,
    at: parts.clock.now(),
    repository: event.repository?.fullName ?? '',
    thread,
    actor: event.actor?.login ?? '',
    actorId: event.actor?.id ?? null,
    profile: profile.path,
    machine: by.machine,
    place: by.machine && thread === null ? placeOf(event, by) : null,
    reservedMs: (profile.execution.runtime.timeoutSec ?? parts.defaultTimeoutSec) * 1000,
  };
}

/** Branches of runs are new each time, so that all of them are one place. */
function placeOf({ attributes, commit }: FlowEvent, { isOwn }: StartedBy): string {
  if (isOwn) return OWN_WORK;
  return typeof attributes.branch === 'string' ? attributes.branch : (commit ?? '');
}

/** The issue, pull request or discussion that an event belongs to; in one repository no two of them have one number. */
export function threadNumber({ attributes }: FlowEvent): number | null {
  const number = attributes.issueNumber;
  return typeof number === 'number' ? number : null;
}
