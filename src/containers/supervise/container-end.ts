import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { ContainerState } from '../engine/container-life.ts';
import type { Engine } from '../engine/docker.ts';
import type { EndCause } from './end-causes.ts';
import type { GrowthLimit } from './growth.ts';

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

/** Describes an end. `stoppedFor` is undefined when the container was over before we stopped it, `exit` when the engine could not say how it ended. */
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

/** The start script’s message when it fails before the handler starts, and its exit code then. */
export type StartFailure = { stage: 'start' | 'setup'; text: string; exitCode: number };

const PREFIX = 'github-flows: ';
const NOT_STARTED = `${PREFIX}the container could not start: `;
const SETUP_FAILED = /^github-flows: the setup script ended with exit code (\d{1,3})\.$/;

/** The start script's own exit code. */
const START_EXIT_CODE = 125;

/**
 * Reads one line of standard error as the start script's last message, or undefined.
 *
 * An agent could print such a line and exit likewise; it would only blame its own setup for its own failure.
 */
export function readStartFailure(line: string): StartFailure | undefined {
  const text = line.slice(PREFIX.length);
  if (line.startsWith(NOT_STARTED)) return { stage: 'start', text, exitCode: START_EXIT_CODE };
  const exitCode = SETUP_FAILED.exec(line)?.[1];
  return exitCode === undefined ? undefined : { stage: 'setup', text, exitCode: Number(exitCode) };
}

/** A container that is over; `wasBroken` when the engine went away while it was waited for. */
export type Exit = { state: ContainerState; wasBroken: boolean };

const RECONNECT_MS = 250;

/**
 * Waits until a started container is over, also while the engine restarts. Rejects with the signal's reason, or
 * `container_gone`.
 */
export async function waitForExit(parts: {
  engine: Pick<Engine, 'wait' | 'inspect'>;
  containerId: string;
  signal: AbortSignal;
  clock: Clock;
}): Promise<Exit> {
  const { engine, containerId, signal, clock } = parts;
  let wasBroken = false;
  for (;;) {
    try {
      await engine.wait(containerId, signal);
      const state = await engine.inspect(containerId);
      if (!state.running) return { state, wasBroken };
    } catch (error) {
      signal.throwIfAborted();
      if (asFlowError(error).code === 'container_gone') throw error;
      wasBroken = true;
    }
    await clock.sleep(RECONNECT_MS, signal);
  }
}
