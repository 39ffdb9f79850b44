import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { ContainerState } from '../engine/container-life.ts';
import type { Engine } from '../engine/docker.ts';

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
