import type { EndCause } from './end-causes.ts';
import type { GrowthLimit } from './growth.ts';
import type { StartFailure } from './start-failure.ts';
import type { Exit } from './wait-for-exit.ts';

/** How a container ended. */
export type ContainerEnd = {
  /** What came first; `engine` when the engine went away or somebody else removed the container. */
  endedBy: 'exit' | 'deadline' | 'stall' | 'done' | 'cancel' | 'output_limit' | GrowthLimit | 'engine';
  /** Null when the engine could not say any more. */
  exitCode: number | null;
  /** The kernel killed it for its memory, as far as exit code 137 without a kill of ours says so. */
  outOfMemory: boolean;
  /** Milliseconds since 1970. */
  finishedAt: number;
  /** Set when it ended before the handler began. */
  startFailure: StartFailure | null;
};

/** The exit code of a shell for SIGKILL. */
const KILLED = 137;

/** Judges an end. `stoppedFor` is undefined when the container was over before we stopped it, `exit` when the engine could not say how it ended. */
export function describeEnd(parts: {
  stoppedFor: Exclude<EndCause, 'left'> | undefined;
  exit: Exit | undefined;
  deadlineAt: number;
  startFailure: StartFailure | undefined;
  now: number;
}): ContainerEnd {
  const { exit, startFailure } = parts;
  const exitCode = exit?.state.exitCode ?? null;
  const finishedAt = exit?.state.finishedAt ?? parts.now;
  const endedBy = parts.stoppedFor ?? ownEnd(exit, finishedAt, parts.deadlineAt);
  const isStartFailure = endedBy === 'exit' && exitCode !== 0 && startFailure?.exitCode === exitCode;
  return {
    endedBy,
    exitCode,
    outOfMemory: endedBy === 'exit' && exitCode === KILLED,
    finishedAt,
    startFailure: isStartFailure ? startFailure : null,
  };
}

/** After its deadline a container was ended by its own timer or by a service before this one; with a failing engine, by the engine. */
function ownEnd(exit: Exit | undefined, finishedAt: number, deadlineAt: number): ContainerEnd['endedBy'] {
  if (!exit) return 'engine';
  if (finishedAt >= deadlineAt) return 'deadline';
  return exit.wasBroken && exit.state.exitCode !== 0 ? 'engine' : 'exit';
}
