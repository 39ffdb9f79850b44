import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { asFlowError, type Issue, IssuesError } from '../base/errors.ts';
import { loadPolicy, type PolicySource } from './load.ts';
import { NO_POLICY, type Policy } from './policy.ts';
import { watchDirectory } from './watch-directory.ts';

/** What the watcher writes to a log; pino's logger is one. */
type PolicyLog = Record<'info' | 'warn' | 'error', (data: object, message: string) => void>;

/**
 * The last good policy. `load` comes first and throws what is wrong; then `watch` follows changes, of which a bad one
 * is logged and changes nothing, so that a policy neither widens nor vanishes by a mistake.
 */
export type PolicyWatcher = {
  /** Throws `policy_invalid`. */
  load(): void;
  /** The policy in use; none before the first load. */
  current(): Policy;
  /** The errors that the last look at the file found, none when the policy in use is what stands there. */
  lastIssues(): readonly Issue[];
  /** Follows changes until `close`; `onChange` is called after each that was taken. */
  watch(onChange: () => void): void;
  close(): Promise<void>;
};

/** A watcher of the policy at `source`; without a file it has none, for ever. */
export function createPolicyWatcher(parts: {
  source: PolicySource;
  log: PolicyLog;
  clock: Clock;
}): PolicyWatcher {
  const { source, log, clock } = parts;
  let policy: Policy = NO_POLICY;
  let issues: readonly Issue[] = [];
  let watcher: ReturnType<typeof watchDirectory> | undefined;

  const load = (): void => {
    policy = loadPolicy(source);
    issues = [];
  };
  const reload = (onChange: () => void): void => {
    const before = JSON.stringify(policy);
    try {
      load();
    } catch (error) {
      issues = error instanceof IssuesError ? error.issues : [asFlowError(error).toProblem()];
      log.error({ issues }, 'changed policy is invalid, the last valid one stays in force');
      return;
    }
    if (JSON.stringify(policy) === before) return;
    log.info({ file: source.file }, 'changed policy is in force');
    onChange();
  };
  return {
    load,
    current: () => policy,
    lastIssues: () => issues,
    watch(onChange) {
      const { file } = source;
      if (file === undefined || watcher) return;
      // The directory, because a file that is replaced by another is no longer the one that was watched.
      const dir = dirname(file);
      watcher = watchDirectory(dir, {
        options: { depth: 0, ignored: (path) => path !== file && path !== dir },
        onChange: () => reload(onChange),
        onError: (error) =>
          log.warn({ err: error, file }, 'policy file cannot be watched, restart to apply changes'),
        clock,
      });
    },
    close: async () => await watcher?.close(),
  };
}
