import { asFlowError } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import type { Logger } from '../../log/logger.ts';
import { runOwner } from './run-owner.ts';

/** Says once in the log what of the engine matters to runs and is not as usual; never throws. */
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
    const fault = asFlowError(error);
    log.error({ err: fault }, 'engine cannot start runs');
  }
}
