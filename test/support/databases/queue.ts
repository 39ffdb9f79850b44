import { systemClock } from '../../../src/base/clock.ts';
import { timeId } from '../../../src/base/ids.ts';
import type { Db } from '../../../src/db/open.ts';
import type { ConcurrencyLimits } from '../../../src/runs/queue/fair-order.ts';
import type { RunGroup } from '../../../src/runs/queue/groups.ts';
import { createRunQueue, NO_CEILINGS, type RunOwner } from '../../../src/runs/queue/queue.ts';
import type { Outcome, Run, RunResult, RunStart } from '../../../src/runs/run.ts';
import type { AnyPatch } from '../../../src/runs/store/run-rows.ts';
import { createRunStore } from '../../../src/runs/store/run-store.ts';

/** What a test says of a run that it queues; `at` orders them. */
export type QueuedRun = {
  repository?: number;
  actor?: string | null;
  group?: RunGroup | null;
  at?: number;
  delivery?: string;
};

/** The container of a run that was started. */
export const START: RunStart = { containerId: 'c', startedAt: 1, deadlineAt: 2 };

/** How an attempt came out that left nothing. */
export function resultOf(outcome: Outcome, more: Partial<RunResult> = {}): RunResult {
  return { outcome, reason: null, exitCode: null, finalMessage: null, usage: null, ...more };
}

const OWNER: RunOwner = { worker: 'w', host: 'here' };

/** A queue and its store over a database, with the steps that tests make again and again. */
export function openQueue(db: Db, ceilings: ConcurrencyLimits = NO_CEILINGS) {
  const clock = { ...systemClock, now: () => time.now };
  const time = { now: 1_800_000_000_000 };
  const runs = createRunStore(db, clock);
  const queue = createRunQueue(db, clock, 60_000, ceilings);
  let made = 0;
  const add = async (run: QueuedRun = {}): Promise<string> => {
    made += 1;
    const { repository = 1, actor = 'alice', group = null, at = made, delivery } = run;
    const id = timeId(time.now);
    const busy = await db.transaction(
      async (trx) =>
        await runs.insert(
          {
            id,
            deliveryId: delivery ?? `${id} ${made}`,
            repository: `o/r${repository}`,
            repositoryId: repository,
            issueNumber: null,
            profile: 'p',
            profileJson: '{}',
            queuedAt: time.now + at,
            actor,
            group,
          },
          trx,
        ),
    );
    return busy ? `busy with ${busy.busyWith}` : id;
  };
  const claim = async (): Promise<string | undefined> => (await queue.claim(OWNER))?.id;
  const get = async (id: string): Promise<Run> => {
    const run = await runs.find(id);
    if (!run) throw new Error(`no run ${id}`);
    return run;
  };
  const move = async (id: string, to: Run['state'], patch: AnyPatch = {}): Promise<boolean> =>
    (await runs.advance(await get(id), to, patch as never, to)) !== undefined;
  /** Ends a run from wherever it is, as a worker would. */
  const end = async (id: string): Promise<void> => {
    const { state } = await get(id);
    if (state === 'preparing' || state === 'running') await move(id, 'reporting', { outcome: 'succeeded' });
    await move(id, 'ended', { outcome: 'succeeded', release: true });
  };
  return { runs, queue, time, add, claim, get, move, end };
}
