import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../log/logger.ts';
import { SUSPICION } from '../../runs/queue/leases.ts';

/** Left by a service that ended by an error of its own, for the next start. */
function markOf(varDir: string): string {
  return join(varDir, 'broken-off');
}

/**
 * How much the end of the service before this one speaks against the runs that it worked on, and from now on the mark
 * for the next one: an error that nobody catches ends this process, because nobody knows what it left half done.
 */
export function watchBrokenOff(parts: { varDir: string; log: Logger }): {
  suspicion: number;
  stop: () => void;
} {
  const mark = markOf(parts.varDir);
  const suspicion = existsSync(mark) ? SUSPICION.brokenOff : SUSPICION.ended;
  rmSync(mark, { force: true });
  const onBreak = (error: Error): void => {
    parts.log.fatal({ err: error }, 'uncaught error ends the service');
    writeFileSync(mark, '');
  };
  process.on('uncaughtExceptionMonitor', onBreak);
  return { suspicion, stop: () => void process.off('uncaughtExceptionMonitor', onBreak) };
}
