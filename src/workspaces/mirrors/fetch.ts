import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import { fetchTooLarge } from '../errors.ts';
import { type GitOptions, lastLines, type Progress, runGit } from '../git.ts';
import type { GitLimits, RepositoryLimits } from '../git-limits.ts';
import type { Remote } from '../remote.ts';

/** More packs than this slow every clone and every look-up down, so that they are joined. */
const MAX_PACKS = 40;

/** What is fetched into a mirror, and how it is followed. */
type FetchOptions = {
  refspecs: readonly string[];
  limits: RepositoryLimits;
  signal: AbortSignal;
  clock: Clock;
  onProgress: (progress: Progress) => void;
};

/** Fetches once; undefined when it worked, else git’s last lines. Throws `repository_over_limits` and the signal’s reason. */
export async function fetchInto(
  mirror: string,
  remote: Remote,
  options: FetchOptions,
): Promise<string | undefined> {
  const flags = ['--progress', '--prune', '--no-tags', ...QUIET, '--'];
  const { clock, signal, onProgress, refspecs } = options;
  const { limits, ...how } = limited(options);
  const { stderr, exitCode } = await remote.withEnv(
    async (env) =>
      await withinCeiling({ clock, mirror, limits, signal }, async (until) =>
        attempt([`--git-dir=${mirror}`, 'fetch', ...flags, remote.url, ...refspecs], {
          ...how,
          env,
          limits,
          signal: until,
          settings: remote.settings,
          onProgress,
        }),
      ),
  );
  if (exitCode !== 0) return lastLines(stderr);
  return await tidy(mirror, options);
}

/** A fetch leaves one file for all that it brings, so that the limit on a file is the one on the fetch. */
function limited({
  limits,
  signal,
}: FetchOptions): Pick<GitOptions, 'timeoutMs' | 'doing' | 'signal'> & { limits: GitLimits } {
  const { timeoutSec, cpuSec, memoryBytes, fetchBytes: fileBytes } = limits;
  return {
    limits: { cpuSec, memoryBytes, fileBytes },
    timeoutMs: timeoutSec * 1000,
    doing: 'fetched the repository',
    signal,
  };
}

/** Turns off what git would write or compute and nobody here reads. */
const QUIET = [
  '--no-write-fetch-head',
  '--no-show-forced-updates',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
];

/** Lets the mirror's HEAD name the default branch, as a clone from the server would; git’s last lines if it fails. */
export async function followHead(
  mirror: string,
  remote: Remote,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { stdout, stderr, exitCode } = await remote.withEnv(
    async (env) =>
      await attempt(['ls-remote', '--symref', '--', remote.url, 'HEAD'], {
        cwd: mirror,
        env,
        settings: remote.settings,
        signal,
      }),
  );
  if (exitCode !== 0) return lastLines(stderr);
  const [, target] = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(stdout) ?? [];
  if (target !== undefined) await writeFile(join(mirror, 'HEAD'), `ref: ${target}\n`);
  return undefined;
}

/** One file of refs and few packs, so that a clone is a copy of few files. */
async function tidy(mirror: string, options: FetchOptions): Promise<string | undefined> {
  const loose = await filesBelow(mirror, 'refs', true);
  const packs = (await filesBelow(mirror, 'objects/pack', false)).filter((path) => path.endsWith('.pack'));
  const jobs = [
    ...(loose.length > 0 ? [['pack-refs', '--all']] : []),
    ...(packs.length > MAX_PACKS ? [['repack', '--geometric=2', '-d', '-q']] : []),
  ];
  for (const job of jobs) {
    const { stderr, exitCode } = await attempt([`--git-dir=${mirror}`, ...job], limited(options));
    if (exitCode !== 0) return lastLines(stderr);
  }
  return undefined;
}

/** A git that cannot start, or that something else killed, counts as one that failed. */
async function attempt(
  args: readonly string[],
  options: GitOptions,
): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  try {
    return await runGit(args, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (asFlowError(error).code === 'repository_over_limits') throw error;
    return { stdout: '', stderr: error instanceof Error ? error.message : String(error), exitCode: -1 };
  }
}

const LOOK_MS = 1_000;

/** What git makes of what was fetched; the limit on a file holds for it. */
const MADE = /\.(?:idx|rev|bitmap|mtimes|keep)$/;

/**
 * Ends a fetch into `mirror` that brings more than one file may have, in however many files: a server that speaks
 * no protocol of git's own over HTTP gives each pack and each object by itself. `work` gets the signal that ends it.
 * Throws `repository_over_limits`, also when it was too late to end it.
 */
async function withinCeiling<T>(
  { clock, mirror, limits, signal }: { clock: Clock; mirror: string; limits: GitLimits; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const before = await bytesOf(mirror);
  const enough = new AbortController();
  const look = async (): Promise<void> => {
    if ((await bytesOf(mirror)) - before > limits.fileBytes) enough.abort(fetchTooLarge(limits.fileBytes));
  };
  const timer = clock.every(LOOK_MS, look);
  try {
    const result = await work(AbortSignal.any([signal, enough.signal]));
    await look();
    enough.signal.throwIfAborted();
    return result;
  } finally {
    timer.stop();
  }
}

/** Of all packs and objects, also of those that are half there. */
async function bytesOf(mirror: string): Promise<number> {
  const files = (await filesBelow(mirror, 'objects', true)).filter((path) => !MADE.test(path));
  const sizes = await Promise.all(
    files.map(
      async (path) =>
        await stat(join(mirror, path)).then(
          ({ size }) => size,
          () => 0,
        ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Files below a directory of the mirror as paths from the mirror; none where the directory is missing. */
export async function filesBelow(mirror: string, directory: string, recursive: boolean): Promise<string[]> {
  const found = await readdir(join(mirror, directory), { recursive, withFileTypes: true }).catch(() => []);
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(mirror.length + 1));
}
