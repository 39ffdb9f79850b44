import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import type { Owner } from '../base/files.ts';
import { readCloneRefs } from './clone-refs.ts';
import { copyObjects } from './copy-objects.ts';
import { noRoom } from './diagnose.ts';
import { checkoutFailed } from './errors.ts';
import { lastWords, runGit } from './git.ts';
import { makeGitDirectory, writeRefs } from './git-directory.ts';
import { giveFew, giveMany } from './give.ts';
import type { Progress } from './progress.ts';
import { canReach } from './reach.ts';
import { checkCommit, checkRef } from './refs.ts';
import { removeHostileTree } from './remove.ts';
import { makeSpares } from './spare-packs.ts';

/** A clone to be made. */
export type Checkout = {
  mirror: string;
  /** 40 hex digits; the mirror has it. */
  commit: string;
  /** The branch that the clone is on, short: `github-flows/<run>`, `main`. */
  branch: string;
  /** Where the clone goes; what is there already is removed first. */
  dir: string;
  /** Whose files they are; another than the service's own user needs a root service. */
  owner: Owner;
  originUrl: string;
  /** Commits of history; all of it unless set. */
  depth?: number | undefined;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
};

/** Below this many files further processes cost more than they gain. */
const FILES_FOR_PARALLEL = 200;

/** One more than processors: a worker that waits for the disk leaves its processor to another. */
const WORKERS = availableParallelism() > 1 ? Math.min(availableParallelism() + 1, 8) : 1;

/**
 * Makes a run's own clone: its objects copies of the mirror's, its files and its `.git` all `owner`'s, on the named
 * branch, with the branches and tags of `origin` and no trace of the mirror. Nothing is left of a clone that fails.
 * Copies of large packs for the next clone are made afterwards, in the background.
 * Throws `checkout_failed`, `disk_full`, `ref_refused`, `commit_refused`, or the signal's reason.
 */
export async function checkout(clone: Checkout): Promise<void> {
  checkCommit(clone.commit);
  checkRef(clone.branch);
  clone.signal?.throwIfAborted();
  await removeHostileTree(clone.dir);
  try {
    await mkdir(clone.dir, { recursive: true });
    await fillGitDirectory(clone, join(clone.dir, '.git'));
    await layOutFiles(clone);
    void makeSpares(clone.mirror, clone.dir).catch(() => undefined);
  } catch (error) {
    const full = await noRoom(dirname(clone.dir)).catch(() => undefined);
    await removeHostileTree(clone.dir);
    clone.signal?.throwIfAborted();
    if (full) throw full;
    if (error instanceof FlowError && error.code === 'checkout_failed') throw error;
    throw failed(clone, error instanceof Error ? error.message : String(error), error);
  }
}

async function fillGitDirectory(clone: Checkout, gitDir: string): Promise<void> {
  const { mirror, commit, branch, originUrl, depth } = clone;
  const refs = await readCloneRefs(mirror, depth === undefined ? undefined : commit);
  makeGitDirectory(gitDir, originUrl);
  if (depth === undefined) await copyObjects(mirror, join(gitDir, 'objects'));
  else await fetchShallow(clone, gitDir, depth);
  writeRefs(gitDir, { refs, branch, commit });
}

/** Git itself picks the objects of a shallow clone. */
async function fetchShallow(clone: Checkout, gitDir: string, depth: number): Promise<void> {
  const { exitCode, stderr } = await runGit(
    [
      `--git-dir=${gitDir}`,
      'fetch',
      '--progress',
      `--depth=${depth}`,
      '--no-tags',
      '--no-write-fetch-head',
      '--',
      clone.mirror,
      clone.commit,
    ],
    { ...followed(clone), env: { GIT_ALLOW_PROTOCOL: 'file' } },
  );
  if (exitCode !== 0) throw failed(clone, lastWords(stderr));
}

/**
 * Git writes the files as their owner, which spares a pass over all of them afterwards; where the owner may not pass
 * through the directories above, the service writes them and gives them away.
 */
async function layOutFiles(clone: Checkout): Promise<void> {
  const { dir, owner } = clone;
  const isOwn = process.getuid?.() === owner.uid && process.getgid?.() === owner.gid;
  const asOwner = !isOwn && canReach(dirname(dir), owner);
  if (asOwner) giveFew(dir, owner);
  const { exitCode, stderr } = await runGit(['read-tree', '--reset', '-u', '-v', 'HEAD'], {
    ...followed(clone),
    cwd: dir,
    settings: [`checkout.workers=${WORKERS}`, `checkout.thresholdForParallelism=${FILES_FOR_PARALLEL}`],
    ...(asOwner ? { owner } : {}),
  });
  if (exitCode !== 0) throw failed(clone, lastWords(stderr));
  if (!isOwn && !asOwner) await giveMany(dir, owner, clone.signal);
}

function followed({ signal, onProgress }: Checkout): Pick<Checkout, 'signal' | 'onProgress'> {
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}

function failed({ mirror, commit }: Checkout, detail: string, cause?: unknown): FlowError {
  return checkoutFailed({ mirror, commit, detail, cause });
}
