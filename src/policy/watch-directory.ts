import { type ChokidarOptions, watch } from 'chokidar';
import type { Clock, Timer } from '../base/clock.ts';

/** Quiet time after a change before it is reported: an editor or a checkout writes in several steps. */
const DEBOUNCE_MS = 300;

/**
 * Calls `onChange` a moment after the last change below `dir`, until `close`. It is called once at the beginning, too:
 * neither the caller nor the watcher has seen what changed before the watcher's own first look. Links are not followed.
 */
export function watchDirectory(
  dir: string,
  parts: {
    options?: Pick<ChokidarOptions, 'depth' | 'ignored'>;
    onChange: () => void;
    onError: (error: unknown) => void;
    clock: Clock;
  },
): { close(): Promise<void> } {
  let timer: Timer | undefined;
  const soon = (): void => {
    timer?.stop();
    timer = parts.clock.after(DEBOUNCE_MS, parts.onChange);
  };
  const always = { ignoreInitial: true, followSymlinks: false, ignorePermissionErrors: true };
  const watcher = watch(dir, { ...parts.options, ...always })
    .on('ready', soon)
    .on('all', soon)
    .on('error', parts.onError);
  return {
    async close() {
      timer?.stop();
      await watcher.close();
      timer?.stop();
    },
  };
}
