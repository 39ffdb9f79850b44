import type { Clock } from '../base/clock.ts';
import type { FlowEvent } from '../events/event.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Start } from '../runs/start-store.ts';

/** One start of a run as it is counted; it reserves all the time that its profile gives a run. */
export function startOf(
  parts: { clock: Clock; defaultTimeoutSec: number },
  { event, profile, runId, machine }: { event: FlowEvent; profile: Profile; runId: string; machine: boolean },
): Start {
  return {
    runId,
    at: parts.clock.now(),
    repository: event.repository?.fullName ?? '',
    thread: threadNumber(event),
    actor: event.actor?.login ?? '',
    actorId: event.actor?.id ?? null,
    profile: profile.path,
    machine,
    reservedMs: (profile.execution.runtime.timeoutSec ?? parts.defaultTimeoutSec) * 1000,
  };
}

/** The issue, pull request or discussion that an event belongs to; in one repository no two of them have one number. */
export function threadNumber({ attributes }: FlowEvent): number | null {
  const number = attributes.issueNumber;
  return typeof number === 'number' ? number : null;
}
