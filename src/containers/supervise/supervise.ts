import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import type { Engine } from '../engine/docker.ts';
import { type FollowOptions, followOutput, type OutputFollower } from '../output/log-stream.ts';
import { type OutputTap, tapOutput } from '../output/output-tap.ts';
import {
  type ContainerEnd,
  describeEnd,
  type Exit,
  readStartFailure,
  type StartFailure,
  waitForExit,
} from './container-end.ts';
import {
  type CauseOptions,
  collectCauses,
  type EndCause,
  type EndCauses,
  type StopCause,
} from './end-causes.ts';
import { type GrowthOptions, watchGrowth } from './growth.ts';
import { stopForSure } from './stop.ts';
import { watchLinger, watchSilence } from './watches.ts';

/** What following a started container to its end takes. */
export type SuperviseOptions = Omit<FollowOptions, 'engine' | 'onActivity' | 'onLimit'> &
  CauseOptions & {
    engine: Pick<Engine, 'wait' | 'inspect' | 'stop' | 'kill' | 'logs' | 'attach' | 'writtenBytes'>;
    stallTimeoutSec: number;
    graceSec: number;
    /** What the run may write; absent watches nothing. */
    growth?: GrowthOptions;
    /** Whether the agent has reported that it is done; called after each line. Absent for handlers without events. */
    isDone?: (() => boolean) | undefined;
    /** How long a process may go on after that; a minute unless set. */
    doneGraceMs?: number | undefined;
    /** Called just before the container is stopped. */
    onStop?: (cause: StopCause) => void;
  };

/** How long the rest of the output is read once the container is over: by itself, or stopped by us (it must be gone a second after the grace). */
const DRAIN_MS = { exited: 60_000, stopped: 400 };

/** How long a process may go on after its agent has reported that it is done. */
const DONE_GRACE_MS = 60_000;

/** How long after the grace the engine has surely sent SIGKILL. */
const KILL_MS = 50;

/**
 * Follows a started container to its end and keeps its output; the first of exit, deadline, stall, cancel, an agent that
 * is done and does not end, and the limits of output, disk and workspace decides, and all but an exit stop it (SIGTERM,
 * grace, SIGKILL). Does not remove it.
 *
 * Gives `left` when `detach` aborts first. Called again for the same container and directory, by
 * this process or a later one, it goes on where the output stopped, or gives how the container ended meanwhile.
 * Rejects with `output_not_kept`, before anything is followed, when the log cannot be opened.
 */
export async function supervise(options: SuperviseOptions): Promise<ContainerEnd | 'left'> {
  const causes = collectCauses(options);
  const stallMs = options.stallTimeoutSec * 1000;
  const silence = watchSilence({ ...options, stallMs, onStall: () => causes.give('stall') });
  const tap = tapOutput({ ...options, onBytes: silence.heard });
  const linger = watchLinger({
    isDone: options.isDone ?? (() => false),
    graceMs: options.doneGraceMs ?? DONE_GRACE_MS,
    onLate: () => causes.give('done'),
    clock: options.clock,
  });
  const growth = options.growth && watchGrowth({ ...options, ...options.growth, onLimit: causes.give });
  const onActivity = (bytes: number): void => {
    silence.heard();
    tap.logged(bytes);
  };
  try {
    return await followToEnd({ ...options, onActivity, onHeard: linger.look }, causes, tap);
  } finally {
    causes.stop();
    linger.stop();
    silence.stop();
    tap.close();
    growth?.stop();
  }
}

async function followToEnd(
  options: SuperviseOptions & Pick<FollowOptions, 'onActivity'> & { onHeard: () => void },
  causes: EndCauses,
  tap: OutputTap,
): Promise<ContainerEnd | 'left'> {
  const { clock, deadlineAt } = options;
  let startFailure: StartFailure | undefined;
  const output = await followOutput({
    ...options,
    onLimit: () => causes.give('output_limit'),
    onLine(line) {
      if (line.stream === 'stderr') startFailure = readStartFailure(line.text) ?? startFailure;
      const heard = options.onLine(line);
      if (heard) return heard.then(options.onHeard);
      options.onHeard();
    },
  });
  const waiting = new AbortController();
  let isOver = false;
  try {
    const exit = waitForExit({ ...options, signal: waiting.signal }).catch(() => undefined);
    const cause = await Promise.race([exit.then(() => 'exit' as const), causes.first]);
    if (cause === 'left') return 'left';
    if (cause !== 'exit') options.onStop?.(cause);
    const stoppedFor = cause !== 'exit' && (await stop(options, output, tap, exit)) ? cause : undefined;
    const drained = await drain(output, clock, stoppedFor ? undefined : causes);
    if (drained === 'left') return 'left';
    isOver = true;
    const ending = await within(clock, 0, exit);
    // The last output of a container that we stopped may be lost, and nobody waits for it.
    if (!stoppedFor && drained !== 'whole') options.onLost?.('unread', false);
    return describeEnd({ stoppedFor, exit: ending, deadlineAt, startFailure, now: clock.now() });
  } finally {
    waiting.abort();
    await output.close(isOver);
  }
}

/**
 * Stops the container, and gives whether it was still running. For the engine it has ended when all output is in its
 * log, so the agent's streams are blocked meanwhile, and nobody reads the log.
 */
async function stop(
  options: SuperviseOptions,
  output: OutputFollower,
  tap: OutputTap,
  exit: Promise<Exit | undefined>,
): Promise<boolean> {
  tap.block();
  await output.pause();
  const killed = options.clock.after(options.graceSec * 1000 + KILL_MS, tap.release);
  try {
    return await stopForSure(options, exit);
  } finally {
    killed.stop();
    tap.release();
  }
}

/** Reads the rest of the output; `whole` when it read everything. It waits longer after an exit of the container's own than after a stop or a cancel. */
async function drain(
  output: OutputFollower,
  clock: Clock,
  causes: EndCauses | undefined,
): Promise<EndCause | 'whole' | undefined> {
  const read = output.finish().then(() => 'whole' as const);
  if (!causes) return await within(clock, DRAIN_MS.stopped, read);
  const cause = await within(clock, DRAIN_MS.exited, Promise.race([read, causes.first]));
  if (cause === undefined || cause === 'whole' || cause === 'left') return cause;
  return await within(clock, DRAIN_MS.stopped, read);
}
