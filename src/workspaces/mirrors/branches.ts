import { fetchFailed } from '../errors.ts';
import { lastLines, runGit } from '../git.ts';

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
