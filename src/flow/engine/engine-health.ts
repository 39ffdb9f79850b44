import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import type { Logger } from '../../log/logger.ts';
import { runOwner } from './run-owner.ts';

/** How long an answer of the engine counts. */
const GOOD_FOR_MS = 2_000;

/** Whether the engine answers; each change is logged. */
export type EngineWatch = {
  isReady(): Promise<boolean>;
  /** Resolves when the engine answers, or rejects with the signal's reason. */
  untilReady(signal: AbortSignal): Promise<void>;
};

/** A watch that asks at most every two seconds; `onAway` is called when the engine stops answering. */
export function createEngineWatch(parts: {
  engine: Engine;
  clock: Clock;
  log: Logger;
  onAway?: () => void;
  /** Called when the engine answers for the first time. */
  onMet?: () => Promise<void>;
}): EngineWatch {
  const { engine, clock, log } = parts;
  let ready = true;
  let isMet = false;
  let checkedAt = Number.NEGATIVE_INFINITY;
  const isReady = async (): Promise<boolean> => {
    if (Math.abs(clock.now() - checkedAt) < GOOD_FOR_MS) return ready;
    const issue = await engine.ping().then(
      () => undefined,
      (error: unknown) => asFlowError(error),
    );
    checkedAt = clock.now();
    if (issue && ready)
      log.error({ err: issue }, 'engine does not answer, deliveries are accepted and runs wait');
    if (issue) parts.onAway?.();
    if (!issue && !ready) log.info('engine answers again');
    ready = issue === undefined;
    if (ready && !isMet) {
      isMet = true;
      await parts.onMet?.();
    }
    return ready;
  };
  return {
    isReady,
    async untilReady(signal) {
      while (!(await isReady())) await clock.sleep(GOOD_FOR_MS, signal);
    },
  };
}

/** Logs once what is unusual about the engine and matters to runs; never throws. */
export async function noteEngine(parts: {
  engine: Pick<Engine, 'info'>;
  runAs: Owner;
  log: Logger;
}): Promise<void> {
  const { engine, runAs, log } = parts;
  try {
    const { users, unlimited } = await engine.info();
    if (unlimited.length > 0) log.warn({ unlimited }, 'engine cannot limit all resources of containers');
    const owner = runOwner(users, runAs, process.getuid?.() ?? 0);
    if (users.kind === 'mapped')
      log.info({ runAs, owner }, 'engine maps users, run files belong to the mapped owner');
  } catch (error) {
    const issue = asFlowError(error);
    log.error({ err: issue }, 'engine cannot start runs');
  }
}
