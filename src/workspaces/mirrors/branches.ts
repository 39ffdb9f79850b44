import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { branchesUnknown, fetchFailed } from '../errors.ts';
import { lastLines, runGit } from '../git.ts';
import { isCommit } from '../refs.ts';

/** The branches of a repository: the commit each is at by its short name, those that were committed to last first. */
export type Branches = ReadonlyMap<string, string>;

/** Reads the branches that a mirror has, as they were when it was fetched into last. Throws `fetch_failed` for a mirror that is damaged. */
export async function readBranches(mirror: string, signal?: AbortSignal): Promise<Branches> {
  const format = '--format=%(objectname) %(refname)';
  const { stdout, stderr, exitCode } = await runGit(
    [`--git-dir=${mirror}`, 'for-each-ref', '--sort=-committerdate', format, 'refs/heads'],
    signal === undefined ? {} : { signal },
  );
  if (exitCode !== 0) throw fetchFailed(mirror, lastLines(stderr));
  const lines = stdout.split('\n').flatMap((line) => {
    const [, commit, name] = /^([0-9a-f]{40}) refs\/heads\/(.+)$/.exec(line) ?? [];
    return commit === undefined || name === undefined ? [] : [[name, commit] as const];
  });
  return new Map(lines);
}

/** The search through a long history is ended after this. */
const TIMEOUT_MS = 60_000;

/**
 * Whether a branch is one that GitHub makes for a merge queue: it holds what is not merged yet, also from forks, and is gone when it is.
 * https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
 */
export function isQueueBranch(name: string): boolean {
  return name.startsWith('gh-readonly-queue/');
}

/** Branches of a mirror that hold a commit, without those of a merge queue; none of a mirror that is not there. Throws `branches_unknown` when git does not say. */
export async function branchesWith(mirror: string, commit: string, signal?: AbortSignal): Promise<string[]> {
  if (!isCommit(commit) || !(await hasCommit(mirror, commit, signal))) return [];
  const which = ['for-each-ref', `--contains=${commit}`, '--format=%(refname)', 'refs/heads/'];
  const refs = (await gitText(mirror, which, signal)).split('\n').filter((ref) => ref !== '');
  return refs.map((ref) => ref.slice('refs/heads/'.length)).filter((name) => !isQueueBranch(name));
}

/** Whether a commit is a merge of others than `parent`. Throws `branches_unknown` when git does not say. */
export async function isOtherMerge(
  { mirror, commit, parent }: { mirror: string; commit: string; parent: string },
  signal?: AbortSignal,
): Promise<boolean> {
  const line = await gitText(mirror, ['rev-list', '--parents', '--max-count=1', commit, '--'], signal);
  const parents = line.trim().split(' ').slice(1);
  return parents.length > 1 && !parents.includes(parent);
}

async function hasCommit(mirror: string, commit: string, signal: AbortSignal | undefined): Promise<boolean> {
  const isThere = await stat(join(mirror, 'HEAD')).catch(() => undefined);
  if (!isThere) return false;
  const args = [`--git-dir=${mirror}`, 'cat-file', '-e', `${commit}^{commit}`];
  return (await runGit(args, bounded(signal))).exitCode === 0;
}

async function gitText(
  mirror: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runGit([`--git-dir=${mirror}`, ...args], bounded(signal));
  if (exitCode !== 0) throw branchesUnknown(lastLines(stderr));
  return stdout;
}

function bounded(signal: AbortSignal | undefined): { timeoutMs: number; signal?: AbortSignal } {
  return { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
}
