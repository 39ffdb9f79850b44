import { lchownSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { ancestors, type Owner } from '../../base/files.ts';
import { execOk } from '../../programs/exec.ts';
import { noRoom } from '../diagnose.ts';
import { checkoutFailed, checkoutRefused } from '../errors.ts';
import { type GitOptions, lastLines, type Progress, runGit } from '../git.ts';
import { REPOSITORY_LIMITS, type RepositoryLimits } from '../git-limits.ts';
import { mainMirror } from '../mirrors/apart.ts';
import { makeSpares } from '../mirrors/spare-packs.ts';
import { checkCommit, checkRef } from '../refs.ts';
import { removeHostileTree } from '../remove.ts';
import { type Census, takeCensus } from './census.ts';
import { fillGitDirectory } from './git-directory.ts';

/** A clone to be made. */
export type Checkout = {
  /** The mirror, or the store beside it that has the commit. */
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
  limits?: RepositoryLimits;
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
 * What the commit lays out is counted before any of it is written, and given; undefined where git cannot list it.
 * Copies of large packs for the next clone are made afterwards, in the background.
 * Throws `checkout_failed`, `checkout_too_large`, `repository_over_limits`, `disk_full`, `ref_refused`,
 * `commit_refused`, or the signal's reason.
 */
export async function checkout(clone: Checkout): Promise<Census | undefined> {
  checkCommit(clone.commit);
  checkRef(clone.branch);
  clone.signal?.throwIfAborted();
  await removeHostileTree(clone.dir);
  try {
    await mkdir(clone.dir, { recursive: true });
    const census = await allDone([countFirst(clone), makeGit(clone)]);
    await layOutFiles(clone);
    void makeSpares(mainMirror(clone.mirror), clone.dir).catch(() => undefined);
    return census;
  } catch (error) {
    const full = await noRoom(dirname(clone.dir)).catch(() => undefined);
    await removeHostileTree(clone.dir);
    clone.signal?.throwIfAborted();
    if (full) throw full;
    if (error instanceof FlowError && KNOWN.includes(error.code)) throw error;
    throw failed(clone, error instanceof Error ? error.message : String(error), error);
  }
}

const KNOWN = ['checkout_failed', 'checkout_too_large', 'repository_over_limits'];

async function countFirst({ mirror, commit, limits = REPOSITORY_LIMITS, signal }: Checkout) {
  return await takeCensus(mirror, commit, { limits, signal });
}

async function makeGit(clone: Checkout): Promise<void> {
  await fillGitDirectory(join(clone.dir, '.git'), clone, {
    ...followed(clone),
    ...limited(clone, 'fetchBytes'),
  });
}

/** Waits for both, so that nothing is still being written when the first failure is thrown. */
async function allDone<T>([first, second]: [Promise<T>, Promise<void>]): Promise<T> {
  const [one, two] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (two.status === 'rejected') throw two.reason;
  return one.value;
}

/** How git reports a path that it must not or cannot make. */
const REFUSED =
  /invalid path|File name too long|unable to create (?:file|symlink)|unable to stat just-written/i;

/**
 * Git writes the files as their owner, which spares a pass over all of them afterwards; where the owner may not pass
 * through the directories above, the service writes them and gives them away.
 */
async function layOutFiles(clone: Checkout): Promise<void> {
  const { dir, owner } = clone;
  const isOwn = process.getuid?.() === owner.uid && process.getgid?.() === owner.gid;
  const asOwner = !isOwn && canReach(dirname(dir), owner);
  if (asOwner) chownFew(dir, owner);
  const { exitCode, stderr } = await runGit(['read-tree', '--reset', '-u', '-v', 'HEAD'], {
    ...followed(clone),
    ...limited(clone, 'checkoutBytes'),
    cwd: dir,
    settings: [`checkout.workers=${WORKERS}`, `checkout.thresholdForParallelism=${FILES_FOR_PARALLEL}`],
    ...(asOwner ? { owner } : {}),
  });
  if (exitCode !== 0 && REFUSED.test(stderr)) throw checkoutRefused(clone.commit, lastLines(stderr));
  if (exitCode !== 0) throw failed(clone, lastLines(stderr));
  if (!isOwn && !asOwner) await chownTree(dir, owner, clone.signal);
}

function limited(
  { limits = REPOSITORY_LIMITS }: Checkout,
  size: 'fetchBytes' | 'checkoutBytes',
): Pick<GitOptions, 'limits' | 'timeoutMs' | 'doing'> {
  const { timeoutSec, cpuSec, memoryBytes } = limits;
  return {
    limits: { cpuSec, memoryBytes, fileBytes: limits[size] },
    timeoutMs: timeoutSec * 1000,
    doing: 'laid out the commit',
  };
}

function followed({ signal, onProgress }: Checkout): Pick<Checkout, 'signal' | 'onProgress'> {
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}

function failed({ mirror, commit }: Checkout, detail: string, cause?: unknown): FlowError {
  return checkoutFailed({ mirror, commit, detail, cause });
}

/** Changes the owner of a few files, without a process of its own. Links are not followed. */
function chownFew(path: string, owner: Owner): void {
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(path, name), owner.uid, owner.gid);
  lchownSync(path, owner.uid, owner.gid);
}

/** Changes the owner of a tree of any size. Links are not followed. */
async function chownTree(path: string, owner: Owner, signal: AbortSignal | undefined): Promise<void> {
  await execOk('chown', ['-R', '-h', `${owner.uid}:${owner.gid}`, '--', path], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Whether a process of `owner`, without further groups, may pass through every directory down to `path`. */
function canReach(path: string, owner: Owner): boolean {
  for (const directory of ancestors(path)) {
    const { mode, uid, gid } = statSync(directory);
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
  }
  return true;
}
