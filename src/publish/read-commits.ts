import type { AskGit } from './ask-git.ts';
import { type CommitObject, parseCommit } from './commit-object.ts';

/** Reads commits, in the order in which they are asked for. Throws `changes_invalid`, `changes_too_large`. */
export async function readCommits(ask: AskGit, ids: readonly string[]): Promise<CommitObject[]> {
  if (ids.length === 0) return [];
  const text = await ask.text({ args: ['cat-file', '--buffer', '--batch=%(objectsize)'], input: ids });
  const commits: CommitObject[] = [];
  let at = 0;
  for (const _ of ids) {
    const end = text.indexOf('\n', at);
    const start = end + 1;
    const bytes = Number(text.slice(at, end));
    commits.push(parseCommit(text.slice(start, start + bytes)));
    at = start + bytes + 1;
  }
  return commits;
}
