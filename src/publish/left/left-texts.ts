import { counted } from '../../base/words.ts';
import type { Left } from './left-report.ts';

/** How many names a text has. */
const MAX_NAMES = 5;

/** What an agent left, in sentences for people; names are quoted as JSON, one line each. */
export function leftText(left: Left): string {
  const { files, names, stashes, branches, tags, reflogCommits, headCommits, worktrees } = left;
  const sentences = [
    ...(files > 0
      ? [`The agent left ${counted(files, 'changed file')} uncommitted, ${which(files)}: ${fileNames(left)}.`]
      : []),
    ...(stashes > 0
      ? [`It left changes in ${counted(stashes, 'stash', 'stashes')}, which are not published.`]
      : []),
    ...(headCommits > 0
      ? [`It left ${commits(headCommits)} on a detached HEAD, ${which(headCommits)}.`]
      : []),
    ...branches
      .slice(0, MAX_NAMES)
      .map(
        ({ name, count: made }) => `It left ${commits(made)} on the branch ${quoted(name)}, ${which(made)}.`,
      ),
    ...more(branches.length, 'other branch', 'other branches'),
    ...tags
      .slice(0, MAX_NAMES)
      .map(
        ({ name, count: made }) =>
          `It left ${commits(made)} that only the tag ${quoted(name)} holds, ${which(made)}.`,
      ),
    ...more(tags.length, 'other tag'),
    ...(reflogCommits > 0
      ? [`It left ${commits(reflogCommits)} that only the reflog holds, ${which(reflogCommits)}.`]
      : []),
    ...worktrees
      .slice(0, MAX_NAMES)
      .map(
        ({ name, count: made }) =>
          `It left ${counted(made, 'changed file')} in the worktree ${quoted(name)}, ${which(made)}.`,
      ),
    ...more(worktrees.length, 'other worktree'),
  ];
  const nested = names.filter(({ path, isNew }) => isNew && path.endsWith('/'));
  if (nested.length > 0) sentences.push('A name that ends with a slash is a whole folder.');
  return sentences.join(' ').replace(/^It /, 'The agent ');
}

function fileNames({ files, names }: Left): string {
  const shown = names.slice(0, MAX_NAMES).map(({ path, isNew }) => `${quoted(path)}${isNew ? ' (new)' : ''}`);
  const rest = files - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function more(places: number, noun: string, plural?: string): string[] {
  const rest = places - MAX_NAMES;
  return rest > 0 ? [`It left as much on ${counted(rest, noun, plural)}.`] : [];
}

function commits(made: number): string {
  return counted(made, 'commit');
}

function which(things: number): string {
  return things === 1 ? 'which is not published' : 'which are not published';
}

function quoted(name: string): string {
  return JSON.stringify(name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?'));
}
