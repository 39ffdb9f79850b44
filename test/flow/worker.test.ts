import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createWorker } from '../../src/flow/worker.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { RunQueue } from '../../src/runs/queue.ts';
import type { Run } from '../../src/runs/run.ts';

/** Questions to the queue that have been asked, and those that are not answered yet. */
let asked = 0;
let open = 0;
afterEach(() => {
  asked = 0;
  open = 0;
});

/** A queue that is always empty and takes its time, as a database on a slow disk does. */
function slowQueue(): RunQueue {
  const answer = async <T>(value: T): Promise<T> => {
    asked += 1;
    open += 1;
    await clock.sleep(50);
    open -= 1;
    return value;
  };
  return {
    claim: () => answer(undefined),
    renew: () => answer(new Set<string>()),
    takeOver: () => answer([]),
    cancels: () => answer(new Map<string, string>()),
    cancelledWaiting: () => answer([]),
    waiting: () => answer(0),
  };
}

function startWorker(takenUp: readonly Run[]) {
  const untilDetached = async (_run: Run, flight: { detach: { signal: AbortSignal } }): Promise<void> => {
    await clock.sleep(60_000, flight.detach.signal).catch(() => undefined);
  };
  const worker = createWorker({
    owner: 'me',
    max: 2,
    renewMs: 5,
    queue: slowQueue(),
    executor: { execute: untilDetached, resume: untilDetached, dismiss: async () => undefined },
    isReady: async () => true,
    clock,
    log: createLogger({ level: 'fatal', redactor: createRedactor() }),
  });
  worker.start(takenUp);
  return worker;
}

test.each([
  ['with a run that lives on in its container', [{ id: 'run-1' } as Run]],
  ['with nothing to do', []],
])('a worker that has stopped %s asks the queue nothing any more', async (_name, takenUp) => {
  const worker = startWorker(takenUp);
  await clock.sleep(20);
  await worker.stop(10);
  expect({ open, active: worker.active() }).toEqual({ open: 0, active: 0 });
  const before = asked;
  worker.wake();
  await clock.sleep(20);
  expect(asked).toBe(before);
});
