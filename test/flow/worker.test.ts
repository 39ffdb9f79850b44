import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createWorker } from '../../src/flow/worker/worker.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { Leases } from '../../src/runs/queue/leases.ts';
import type { RunQueue } from '../../src/runs/queue/queue.ts';
import type { WorkerStore } from '../../src/runs/queue/worker-store.ts';
import type { ClaimedRun, PreparingRun } from '../../src/runs/run.ts';

/** Questions to the database that have been asked, and those that are not answered yet. */
let asked = 0;
let open = 0;
afterEach(() => {
  asked = 0;
  open = 0;
});

/** Answers as a database on a slow disk does. */
async function answer<T>(value: T): Promise<T> {
  asked += 1;
  open += 1;
  await clock.sleep(50);
  open -= 1;
  return value;
}

/** A queue that is always empty. */
const queue: RunQueue = {
  claim: () => answer(undefined),
  cancels: () => answer(new Map<string, string>()),
  cancelledWaiting: () => answer([]),
  waiting: () => answer(0),
  anyReady: () => answer(false),
};

const workers: WorkerStore = {
  announce: () => answer(undefined),
  heartbeat: () => answer(undefined),
  isDraining: () => answer(false),
  leave: () => answer(undefined),
  list: () => answer([]),
  drain: () => answer(false),
};

async function startWorker(takenUp: ClaimedRun[], more: Partial<Parameters<typeof createWorker>[0]> = {}) {
  const untilDetached = async (
    _run: ClaimedRun,
    flight: { detach: { signal: AbortSignal } },
  ): Promise<void> => {
    await clock.sleep(60_000, flight.detach.signal).catch(() => undefined);
  };
  const leases: Leases = {
    renew: () => answer(new Set(takenUp.map(({ id }) => id))),
    resume: () => answer(takenUp),
    lapsed: () => answer({ back: [], mine: [], lost: [] }),
    clear: () => answer(undefined),
    launching: () => answer(true),
  };
  const worker = createWorker({
    id: 'me',
    name: 'here',
    version: '0',
    capacity: 2,
    times: { leaseMs: 1_000, everyMs: 5, fenceMs: 500 },
    suspicion: 1,
    lookMs: 5,
    queue,
    leases,
    workers,
    host: { current: async () => 'here-1', forget: () => undefined },
    executor: {
      execute: untilDetached,
      resume: untilDetached,
      abandon: untilDetached,
      cancelWaiting: async () => undefined,
    },
    isReady: async () => true,
    crashPoint: () => undefined,
    clock,
    log: createLogger({ level: 'fatal', redactor: createRedactor() }),
    ...more,
  });
  await worker.start();
  return worker;
}

test.each([
  ['with a run that lives on in its container', [{ id: 'run-1' } as PreparingRun]],
  ['with nothing to do', []],
])('a worker that has stopped %s asks the database nothing any more', async (_name, takenUp) => {
  const worker = await startWorker(takenUp);
  await clock.sleep(20);
  await worker.stop(10);
  expect({ open, active: worker.active() }).toEqual({ open: 0, active: 0 });
  const before = asked;
  worker.wake();
  await clock.sleep(20);
  expect(asked).toBe(before);
});

test('nothing is claimed until every resumed run is decided, whoever wakes the worker', async () => {
  const seen: string[] = [];
  const decide = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const worker = await startWorker([{ id: 'old-1' } as PreparingRun, { id: 'old-2' } as PreparingRun], {
    capacity: 3,
    queue: {
      ...queue,
      anyReady: async () => !seen.includes('claimed'),
      claim: async () => {
        seen.push('claimed');
        return { id: 'new' } as PreparingRun;
      },
    },
    executor: {
      execute: async () => void seen.push('begun'),
      abandon: async () => undefined,
      cancelWaiting: async () => undefined,
      async resume(run, flight, behind) {
        seen.push(`${run.id} is ${behind}`);
        if (run.id === 'old-2') await decide.promise;
        flight.decided.resolve();
        await end.promise;
      },
    },
  });
  worker.wake();
  await clock.sleep(50);
  expect(seen).toEqual(['old-1 is 0', 'old-2 is 1']);
  decide.resolve();
  await expect.poll(() => seen.slice(2)).toEqual(['claimed', 'begun']);
  end.resolve();
  await worker.stop(10);
});

test('resumed runs count: nothing is claimed beyond the capacity', async () => {
  let claims = 0;
  const worker = await startWorker([{ id: 'old-1' } as PreparingRun, { id: 'old-2' } as PreparingRun], {
    queue: {
      ...queue,
      anyReady: async () => true,
      claim: async () => {
        claims += 1;
        return undefined;
      },
    },
    executor: {
      execute: async () => undefined,
      abandon: async () => undefined,
      cancelWaiting: async () => undefined,
      async resume(_run, flight) {
        flight.decided.resolve();
        await clock.sleep(60_000, flight.detach.signal).catch(() => undefined);
      },
    },
  });
  await clock.sleep(50);
  expect({ claims, active: worker.active() }).toEqual({ claims: 0, active: 2 });
  await worker.stop(10);
});
