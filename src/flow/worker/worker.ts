import { within } from '../../base/cancel.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { createPoller } from '../../base/poller.ts';
import type { Logger } from '../../log/logger.ts';
import type { Leases } from '../../runs/queue/leases.ts';
import type { RunOwner, RunQueue } from '../../runs/queue/queue.ts';
import type { WorkerNotice, WorkerStore } from '../../runs/queue/worker-store.ts';
import type { CancelledRun, ClaimedRun, PreparingRun } from '../../runs/run.ts';
import { type ActiveRun, type ActiveRuns, createActiveRuns } from '../active-runs.ts';
import type { CrashPoint } from '../crash-points.ts';
import { leaseLost, runCancelled, serviceStopping, workerCutOff } from '../errors.ts';
import type { Host } from './host-identity.ts';
import { createLeaseRenewer, type LeaseRenewer, type LeaseTimes } from './lease-renewer.ts';

/** What a worker does with one run; all resolve when the run has ended or was requeued, and never reject. */
export type Executor = {
  execute(run: PreparingRun, active: ActiveRun): Promise<void>;
  /** Resumes a run that an earlier worker on this host had begun; `behind` is how many are resumed before it. */
  resume(run: ClaimedRun, active: ActiveRun, behind?: number): Promise<void>;
  /** Ends a run whose host did not come back. */
  abandon(run: ClaimedRun, active: ActiveRun): Promise<void>;
  /** Ends a run that was cancelled before anybody claimed it. */
  cancelWaiting(run: CancelledRun): Promise<void>;
};

/**
 * Claims runs while there is room and works on each to its end.
 *
 * `start` resumes the active runs of this host, which count even beyond `capacity`. It claims others only when it knows
 * which of these go on and which wait again, but waits at most ten seconds for that. It takes over runs whose worker is
 * gone. `stop` claims no more, waits up to `drainMs` for active runs, and leaves the rest in their containers for the
 * next start. Once it has resolved, the worker no longer uses the database, so that it may be closed.
 */
export type Worker = {
  start(): Promise<void>;
  wake(): void;
  stop(drainMs: number): Promise<void>;
  /** Runs that are worked on now. */
  active(): number;
};

/** How long claims wait at most until it is known what becomes of resumed runs. */
const DECIDED_MS = 10_000;

/** After this time the runs of a worker are no longer suspected of ending it. */
const HARMLESS_MS = 600_000;

/** What a worker takes from the rest of the service. */
export type WorkerParts = {
  /** This process: new at each start, so that nobody takes it for the one before. */
  id: string;
  name: string;
  version: string;
  /** How many runs at once; 0 leaves the work to others. */
  capacity: number;
  times: LeaseTimes;
  /** How much the end of the worker before this one speaks against its runs. */
  suspicion: number;
  /** How often the queue is read without a notice: for cancels, and for runs that another process queued. */
  lookMs: number;
  queue: RunQueue;
  leases: Leases;
  workers: WorkerStore;
  host: Host;
  executor: Executor;
  /** Whether a run can be worked on now: the engine answers, the disk has room. */
  isReady: () => Promise<boolean>;
  crashPoint: CrashPoint;
  clock: Clock;
  log: Logger;
};

/** A worker that has not begun yet. */
export function createWorker(parts: WorkerParts): Worker {
  const { id, clock, log } = parts;
  const activeRuns = createActiveRuns(() => poller.wake());
  const renewer = createLeaseRenewer({
    ...parts.times,
    async renew() {
      const before = activeRuns.ids();
      const renewed = await parts.leases.renew(id);
      for (const run of before) if (!renewed.has(run)) activeRuns.detach(leaseLost(run), run);
    },
    onCutOff: () => activeRuns.cancel(workerCutOff()),
    clock,
    log,
  });
  const state: State = { phase: 'starting', since: clock.passed() };
  let timer: Timer | undefined;
  let tending: Promise<void> = Promise.resolve();
  let starting: Promise<void> = Promise.resolve();

  const hasRoom = (): boolean =>
    state.phase === 'working' && renewer.isHeld() && activeRuns.size() < parts.capacity;
  const poller = createPoller({
    clock,
    everyMs: parts.lookMs,
    look: async () => await look(parts, activeRuns, hasRoom),
    onError: (error) => log.error({ err: error }, 'queue could not be read'),
  });
  const tendOnce = async (): Promise<void> => {
    tending = tend(parts, activeRuns, state, renewer)
      .then((isWorkBack) => (isWorkBack ? poller.wake() : undefined))
      .catch((error: unknown) => log.warn({ err: error }, 'worker heartbeat failed'));
    await tending;
  };
  return {
    async start() {
      const own = await owner(parts);
      await parts.workers.announce(notice(parts, own));
      const decided = await resumeRuns(parts, own, activeRuns);
      renewer.start();
      poller.start();
      timer = clock.every(parts.times.everyMs, tendOnce);
      starting = within(clock, DECIDED_MS, decided.all).then(() => {
        if (state.phase === 'starting') state.phase = 'working';
        poller.wake();
      });
    },
    wake: poller.wake,
    async stop(drainMs) {
      state.phase = 'stopping';
      await poller.settled();
      await within(clock, drainMs, activeRuns.settled());
      timer?.stop();
      activeRuns.detach(serviceStopping());
      await activeRuns.settled();
      state.phase = 'stopped';
      await Promise.all([starting, poller.stop(), tending, renewer.stop()]);
      await parts.leases.clear(id).catch(() => undefined);
      await parts.workers.leave(id).catch(() => undefined);
    },
    active: activeRuns.size,
  };
}

type State = { phase: 'starting' | 'working' | 'stopping' | 'stopped'; since: number };

async function owner({ id, host }: WorkerParts): Promise<RunOwner> {
  return { worker: id, host: (await host.current()) ?? '' };
}

function notice({ id, name, version, capacity }: WorkerParts, { host }: RunOwner): WorkerNotice {
  return { id, host, name, version, capacity };
}

/** Resumes the runs of this host; `all` resolves when each is decided. */
async function resumeRuns(
  parts: WorkerParts,
  own: RunOwner,
  activeRuns: ActiveRuns,
): Promise<{ all: Promise<unknown> }> {
  const runs = await parts.leases.resume(own, parts.suspicion);
  const resumed = runs.map((run, index) =>
    activeRuns.add(run, (run, active) => parts.executor.resume(run, active, index)),
  );
  return { all: Promise.all(resumed) };
}

/** Applies cancels, then claims runs while there is room. */
async function look(parts: WorkerParts, activeRuns: ActiveRuns, hasRoom: () => boolean): Promise<void> {
  const { queue, executor } = parts;
  for (const [run, reason] of await queue.cancels(parts.id)) activeRuns.cancel(runCancelled(reason), run);
  for (const run of await queue.cancelledWaiting()) await executor.cancelWaiting(run);
  while (hasRoom() && (await queue.anyReady()) && (await mayClaim(parts))) {
    parts.crashPoint('claim-begun');
    const run = await queue.claim(await owner(parts));
    if (!run) return;
    parts.crashPoint('claimed');
    void activeRuns.add(run, executor.execute);
  }
}

/** Whether a run can be worked on now, and nobody asked this worker to claim no more. */
async function mayClaim({ id, isReady, workers }: WorkerParts): Promise<boolean> {
  return (await isReady()) && !(await workers.isDraining(id));
}

/** Sends a heartbeat, then resumes or abandons runs whose worker is gone; gives whether a run was requeued. */
async function tend(
  parts: WorkerParts,
  activeRuns: ActiveRuns,
  state: State,
  renewer: LeaseRenewer,
): Promise<boolean> {
  const own = await owner(parts);
  const isAtWork = state.phase === 'starting' || state.phase === 'working';
  await parts.workers.heartbeat(notice(parts, own), isAtWork ? 'working' : 'stopping');
  if (!isAtWork || !renewer.isHeld()) return false;
  if (parts.clock.passed() - state.since > HARMLESS_MS) await parts.leases.clear(own.worker);
  const { back, mine, lost } = await parts.leases.lapsed(own);
  if (back.length + mine.length + lost.length > 0)
    parts.log.warn({ back: back.length, mine: mine.length, lost: lost.length }, 'leases had lapsed');
  for (const run of mine) void activeRuns.add(run, parts.executor.resume);
  for (const run of lost) void activeRuns.add(run, parts.executor.abandon);
  return back.length > 0;
}
