import type { AskGit } from '../ask-git.ts';
import { type CommitObject, parseCommit } from './commit-object.ts';

/** Reads commits, in the order in which they are asked for. Throws `changes_invalid`, `changes_too_large`. */
export async function readCommits(ask: AskGit, ids: readonly string[]): Promise<CommitObject[]> {
  return (await readObjects(ask, ids)).map(parseCommit);
}

/** Reads objects that are there, in the order in which they are asked for, one character for each byte. Throws the same. */
export async function readObjects(ask: AskGit, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const text = await ask.text({ args: ['cat-file', '--buffer', '--batch=%(objectsize)'], input: ids });
  const objects: string[] = [];
  let at = 0;
  for (const _ of ids) {
    const start = text.indexOf('\n', at) + 1;
    const bytes = Number(text.slice(at, start));
    objects.push(text.slice(start, start + bytes));
    at = start + bytes + 1;
  }
  return objects;
}
