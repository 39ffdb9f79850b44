import { realpathSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import type { Issue } from '../../base/errors.ts';
import { watchDirectory } from '../../policy/watch-directory.ts';
import { profilesInvalid } from '../errors.ts';
import { createProfileSet, type ProfileSet } from '../match/match.ts';
import { type LoadChecks, type LoadResult, loadProfiles } from './load.ts';

/** What the registry writes to a log; pino's logger is one. */
type RegistryLog = Record<'info' | 'warn' | 'error', (data: object, message: string) => void>;

/**
 * The last good set of profiles.
 *
 * `load` comes first, then `watch` if changes are to be followed. Reloads run one at a time; a set is replaced
 * whole, between two decisions, and only by one without errors.
 */
export type Registry = {
  /** Reads the profiles. The first time, errors are thrown as a IssuesError (`profiles_invalid`); later a bad set is logged and the last good one stays. */
  load(): Promise<void>;
  /** The set in use; an empty one before the first load. */
  current(): ProfileSet;
  /** The errors that the last load found, none when the set in use is what lies on the disk. */
  lastIssues(): Issue[];
  /** Reads the profiles again because what they are checked against has changed. The result is only logged. */
  reload(): void;
  /** Follows changes below the directory until `close`. */
  watch(): void;
  /** Stops following, and waits for a load that is under way. */
  close(): Promise<void>;
};

/** A registry of the profiles below `dir`. */
export function createRegistry(parts: {
  dir: string;
  checks: LoadChecks;
  log: RegistryLog;
  clock: Clock;
}): Registry {
  const { dir, log, clock } = parts;
  let set = createProfileSet([]);
  let issues: Issue[] = [];
  let loaded = false;
  let queue: Promise<void> = Promise.resolve();
  let watcher: ReturnType<typeof watchDirectory> | undefined;

  const loadNow = async (): Promise<void> => {
    const result = await loadProfiles(parts);
    issues = result.issues;
    const usable = issues.length === 0 || (loaded && emptied(issues));
    if (usable) set = createProfileSet(result.candidates);
    if (!usable && !loaded) throw profilesInvalid(dir, issues);
    logResult(log, result, usable);
    loaded = true;
  };
  const load = (): Promise<void> => {
    const next = queue.then(loadNow);
    queue = next.catch(() => undefined);
    return next;
  };
  const reload = (): void =>
    void load().catch((error: unknown) => log.error({ err: error }, 'profiles could not be read again'));
  return {
    load,
    reload,
    current: () => set,
    lastIssues: () => issues,
    watch() {
      watcher ??= watchDirectory(realPathOf(dir), {
        onChange: reload,
        onError: (error) =>
          log.warn({ err: error, dir }, 'profiles cannot be watched, restart to apply changes'),
        clock,
      });
    },
    async close() {
      await watcher?.close();
      await queue;
    },
  };
}

/** Links are not followed while watching, so that the directory itself must not be one. */
function realPathOf(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}

/** An admin who removes the last profile wants no more runs, so an empty set is accepted while the service runs. */
function emptied(issues: readonly Issue[]): boolean {
  return issues.every(({ code }) => code === 'profiles_empty');
}

/** How many warnings a line of the log holds; the command has all. */
const WARNINGS_LOGGED = 20;

function logResult(log: RegistryLog, result: LoadResult, usable: boolean): void {
  const { profiles, candidates, issues, warnings } = result;
  if (warnings.length > 0 && usable)
    log.warn(
      { count: warnings.length, warnings: warnings.slice(0, WARNINGS_LOGGED) },
      'triggers have warnings, `github-flows profiles validate` lists all',
    );
  if (issues.length === 0)
    log.info({ profiles: profiles.length, candidates: candidates.length }, 'the profiles were read');
  else if (usable) log.warn({ issues }, 'no profiles are left, nothing starts until there are some');
  else log.error({ issues }, 'changed profiles have errors, the last good ones stay in use');
}
