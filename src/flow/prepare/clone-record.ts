import { lstat, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Owner, writeAtomic } from '../../base/files.ts';
import type { Committer } from '../../containers/create/start-script.ts';
import { exec } from '../../programs/exec.ts';
import type { RunPaths } from '../paths.ts';

/** What is remembered of a clone for when its agent is over; kept where no container sees it. */
export type CloneRecord = {
  mirror: string;
  /** The commit that the agent began with. */
  commit: string;
  branch: string;
  owner: Owner;
  /** Whom git in the container commits as; absent in what an earlier version wrote. */
  committer?: Committer;
  /** What changed in the workspace changed after this: nanoseconds since 1970 by the file system's own clock. */
  sinceNs: string;
  /** Which files HEAD and the branch were. */
  refs: string;
};

/** Remembers a clone that no container has seen yet. */
export async function recordClone(
  paths: RunPaths,
  clone: Pick<CloneRecord, 'mirror' | 'commit' | 'branch' | 'owner' | 'committer'>,
): Promise<void> {
  await utimes(paths.workspace, new Date(), new Date());
  const { ctimeNs } = await lstat(paths.workspace, { bigint: true });
  const record: CloneRecord = {
    ...clone,
    sinceNs: String(ctimeNs),
    refs: await identifyRefs(paths, clone.branch),
  };
  await writeAtomic(recordFile(paths), JSON.stringify(record), { mode: 0o600 });
}

/** What was remembered, or undefined for a run that never came to a clone. */
export async function readCloneRecord(paths: RunPaths): Promise<CloneRecord | undefined> {
  const text = await readFile(recordFile(paths), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as CloneRecord);
}

/**
 * Whether the agent may have committed: git replaces the file of a ref whenever it changes, and nobody can turn back
 * the time at which a file's inode changed. This only looks at the directory entries; it opens nothing in `.git`.
 */
export async function mayHaveCommits(paths: RunPaths, record: CloneRecord): Promise<boolean> {
  return (await identifyRefs(paths, record.branch)) !== record.refs;
}

/** How long the search for something new may take; a workspace that takes longer is taken for changed. */
const FIND_MS = 20_000;

/** Whether anything below the workspace changed since the clone was made, by the times of inodes; nothing is opened, no link followed. */
export async function mayHaveLeft({ workspace }: RunPaths, { sinceNs }: CloneRecord): Promise<boolean> {
  const since = `@${sinceNs.slice(0, -9)}.${sinceNs.slice(-9)}`;
  const args = ['-P', workspace, '-mindepth', '1', '-xdev', '-newerct', since, '-printf', 'x', '-quit'];
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  return await exec('find', args, { env, cwd: '/', timeoutMs: FIND_MS }).then(
    ({ stdout, exitCode }) => stdout !== '' || exitCode !== 0,
    () => true,
  );
}

async function identifyRefs(paths: RunPaths, branch: string): Promise<string> {
  const refs = [join(paths.repo, '.git/HEAD'), join(paths.repo, '.git/refs/heads', branch)];
  const stats = await Promise.all(
    refs.map(async (path) => await lstat(path, { bigint: true }).catch(() => undefined)),
  );
  return stats.map((each) => (each ? `${each.dev}:${each.ino}:${each.ctimeNs}` : 'gone')).join(' ');
}

function recordFile(paths: RunPaths): string {
  return join(paths.home, 'clone.json');
}
