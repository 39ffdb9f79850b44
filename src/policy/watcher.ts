import { dirname } from 'node:path';
import { watch } from 'chokidar';
import type { Clock, Timer } from '../base/clock.ts';
import { asFlowError, type Fault, FaultsError } from '../base/errors.ts';
import { loadPolicy, type PolicyPlace } from './load.ts';
import { NO_POLICY, type Policy } from './policy.ts';

/** Quiet time after a change before the policy is read again: editors write in several steps. */
const DEBOUNCE_MS = 300;

/** What the watcher writes to a log; pino's logger is one. */
export type PolicyLog = Record<'info' | 'warn' | 'error', (data: object, message: string) => void>;

/**
 * The last good policy. `load` comes first and throws what is wrong; then `watch` follows changes, of which a bad one
 * is logged and changes nothing, so that a policy neither widens nor vanishes by a mistake.
 */
export type PolicyWatcher = {
  /** Throws `policy_invalid`. */
  load(): void;
  /** The policy in use; none before the first load. */
  current(): Policy;
  /** The faults that the last look at the file found, none when the policy in use is what stands there. */
  lastFaults(): readonly Fault[];
  /** Follows changes until `close`; `onChange` is called after each that was taken. */
  watch(onChange: () => void): void;
  close(): Promise<void>;
};

/** A watcher of the policy at `place`; without a file it has none, for ever. */
export function createPolicyWatcher(parts: {
  place: PolicyPlace;
  log: PolicyLog;
  clock: Clock;
}): PolicyWatcher {
  const { place, log, clock } = parts;
  let policy: Policy = NO_POLICY;
  let faults: readonly Fault[] = [];
  let timer: Timer | undefined;
  let watcher: ReturnType<typeof watch> | undefined;

  const load = (): void => {
    policy = loadPolicy(place);
    faults = [];
  };
  const reload = (onChange: () => void): void => {
    const before = JSON.stringify(policy);
    try {
      load();
    } catch (error) {
      faults = error instanceof FaultsError ? error.faults : [asFlowError(error).toProblem()];
      log.error({ faults }, 'changed policy is invalid, the last valid one stays in force');
      return;
    }
    if (JSON.stringify(policy) === before) return;
    log.info({ file: place.file }, 'changed policy is in force');
    onChange();
  };
  return {
    load,
    current: () => policy,
    lastFaults: () => faults,
    watch(onChange) {
      const { file } = place;
      if (file === undefined || watcher) return;
      const soon = (): void => {
        timer?.stop();
        timer = clock.after(DEBOUNCE_MS, () => reload(onChange));
      };
      // The directory, because a file that is replaced by another is no longer the one that was watched.
      const options = { ignoreInitial: true, depth: 0, followSymlinks: false, ignorePermissionErrors: true };
      watcher = watch(dirname(file), {
        ...options,
        ignored: (path) => path !== file && path !== dirname(file),
      })
        .on('ready', soon)
        .on('all', soon)
        .on('error', (error) =>
          log.warn({ err: error, file }, 'policy file cannot be watched, restart to apply changes'),
        );
    },
    async close() {
      timer?.stop();
      await watcher?.close();
      timer?.stop();
    },
  };
}
