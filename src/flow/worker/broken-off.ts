import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../log/logger.ts';
import { SUSPICION } from '../../runs/queue/leases.ts';

/** The file that a service leaves when an uncaught error ends it. */
function markOf(varDir: string): string {
  return join(varDir, 'broken-off');
}

/**
 * Reads the suspicion that the end of the service before this one puts on its runs (`SUSPICION`). From now on an uncaught
 * error leaves a file for the next start.
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
