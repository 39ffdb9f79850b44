import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { Engine } from '../engine/docker.ts';
import type { Exit } from './container-end.ts';

/** How long an engine that does not answer, or a process that cannot be killed, is waited for beyond the grace. */
const PATIENCE_MS = 60_000;

const RETRY_MS = 250;

/**
 * Stops a container, again and again while the engine fails, and resolves once `exit` has: with whether it was
 * still running when it was asked to stop. Gives up a minute after the grace.
 */
export async function stopForSure(
  parts: { engine: Pick<Engine, 'stop' | 'kill'>; containerId: string; graceSec: number; clock: Clock },
  exit: Promise<Exit | undefined>,
): Promise<boolean> {
  const { engine, containerId, graceSec, clock } = parts;
  const until = clock.passed() + graceSec * 1000 + PATIENCE_MS;
  const isOver = async (ms: number): Promise<boolean> =>
    (await within(
      clock,
      ms,
      exit.then(() => true),
    )) === true;
  do {
    try {
      const wasRunning = await engine.stop(containerId, graceSec);
      await isOver(until - clock.passed());
      return wasRunning;
    } catch (error) {
      if (asFlowError(error).code === 'engine_timeout') await engine.kill(containerId).catch(() => {});
    }
  } while (!(await isOver(RETRY_MS)) && clock.passed() < until);
  return true;
}
