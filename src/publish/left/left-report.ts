import { LEFT_LIMITS } from './left-script.ts';

/** Something with commits or files that an agent left outside what is published. */
type LeftPlace = { name: string; count: number };

/** What an agent left beside the commits that are published. Counts and names come out of its own repository: nothing but text. */
export type Left = {
  /** Files that are changed and in no commit, all of them; `names` are the first. */
  files: number;
  names: { path: string; isNew: boolean }[];
  stashes: number;
  /** Local branches with commits that are nowhere else, and a HEAD of its own. */
  branches: LeftPlace[];
  /** Tags with commits that are on no branch. */
  tags: LeftPlace[];
  /** Commits that nothing holds but what git remembers of HEAD. */
  reflogCommits: number;
  headCommits: number;
  /** Further worktrees with changed files. */
  worktrees: LeftPlace[];
};

/** More is no count of anything that fits a workspace. */
const MAX_COUNT = 10_000_000;

const MAX_NAME_CHARACTERS = 200;

/** Reads the records of the script, all of which an agent may have made up; undefined when it did not come to its end. */
export function readLeft(output: Buffer): { left: Left; patch: Buffer } | undefined {
  const mark = Buffer.from('#patch\0');
  const end = output.indexOf(mark);
  if (end < 0) return undefined;
  const left: Left = {
    files: 0,
    names: [],
    stashes: 0,
    branches: [],
    tags: [],
    reflogCommits: 0,
    headCommits: 0,
    worktrees: [],
  };
  for (const record of output.toString('utf8', 0, end).split('\0')) readRecord(left, record);
  return { left, patch: output.subarray(end + mark.length) };
}

/** Whether there is anything that is not published. */
export function isLeft({ files, stashes, reflogCommits, headCommits, ...places }: Left): boolean {
  const { branches, tags, worktrees } = places;
  const lists = branches.length + tags.length + worktrees.length;
  return files + stashes + reflogCommits + headCommits + lists > 0;
}

function readRecord(left: Left, record: string): void {
  const [, key = '', digits = '', name = ''] = /^#([a-z]+) (\d{1,8})(?: (.+))?$/s.exec(record) ?? [];
  const count = Math.min(MAX_COUNT, Number(digits));
  if (key === 'files') left.files = count;
  else if (key === 'stash') left.stashes = count;
  else if (key === 'head') left.headCommits = count;
  else if (key === 'reflog') left.reflogCommits = count;
  else if (key === 'tag') addPlace(left.tags, name, count, LEFT_LIMITS.tags);
  else if (key === 'branch') addPlace(left.branches, name, count, LEFT_LIMITS.branches);
  else if (key === 'worktree') addPlace(left.worktrees, name, count, LEFT_LIMITS.worktrees);
  else if (/^[ A-Z?]{2} ./s.test(record) && left.names.length < LEFT_LIMITS.names)
    left.names.push({ path: record.slice(3, 3 + MAX_NAME_CHARACTERS), isNew: record.startsWith('?') });
}

function addPlace(places: LeftPlace[], name: string, count: number, limit: number): void {
  if (name !== '' && count > 0 && places.length < limit)
    places.push({ name: name.slice(0, MAX_NAME_CHARACTERS), count });
}
