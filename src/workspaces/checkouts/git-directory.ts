import { constants, mkdirSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { checkoutFailed } from '../errors.ts';
import { type GitOptions, lastLines, runGit } from '../git.ts';
import { mainMirror } from '../mirrors/apart.ts';
import { takeSpare } from '../mirrors/spare-packs.ts';

/** The directories that git wants to find, or that tools expect. */
const DIRECTORIES = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'hooks', 'info'];

/** The `.git` of a clone: which commit of which mirror, on which branch, with how many commits of history. */
type GitDirectory = {
  mirror: string;
  commit: string;
  branch: string;
  originUrl: string;
  depth?: number | undefined;
};

/**
 * Makes the `.git` of a clone at `gitDir`: its objects, the branches and tags of `origin`, and the branch at the commit.
 * The refs are read before the objects are copied, so that every object that a ref leads to is there. `git` says how
 * git runs where it picks the objects of a shallow clone. Throws `checkout_failed`.
 */
export async function fillGitDirectory(
  gitDir: string,
  clone: GitDirectory,
  git: Pick<GitOptions, 'signal' | 'onProgress' | 'limits' | 'timeoutMs' | 'doing'>,
): Promise<void> {
  const { mirror, commit, branch, originUrl, depth } = clone;
  const main = mainMirror(mirror);
  const refs = await readCloneRefs(main, depth === undefined ? undefined : commit);
  makeGitDirectory(gitDir, originUrl);
  if (depth === undefined)
    for (const store of new Set([main, mirror])) await copyObjects(store, join(gitDir, 'objects'));
  else await fetchShallow(gitDir, { mirror, commit, depth }, git);
  writeRefs(gitDir, { refs, branch, commit });
}

/** Git itself picks the objects of a shallow clone. */
async function fetchShallow(
  gitDir: string,
  { mirror, commit, depth }: { mirror: string; commit: string; depth: number },
  git: GitOptions,
): Promise<void> {
  const flags = ['--progress', `--depth=${depth}`, '--no-tags', '--no-write-fetch-head'];
  const { exitCode, stderr } = await runGit(
    [`--git-dir=${gitDir}`, 'fetch', ...flags, '--', mirror, commit],
    { ...git, env: { GIT_ALLOW_PROTOCOL: 'file' } },
  );
  if (exitCode !== 0) throw checkoutFailed({ mirror, commit, detail: lastLines(stderr) });
}

/**
 * Makes an empty repository at `gitDir`; written by hand, because a process for it costs as much as the rest, and
 * without waiting: a few dozen tiny files take under a millisecond, and several through the thread pool.
 */
function makeGitDirectory(gitDir: string, originUrl: string): void {
  for (const directory of DIRECTORIES) mkdirSync(join(gitDir, directory), { recursive: true });
  writeFileSync(join(gitDir, 'config'), configOf(originUrl));
  writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
}

/** Puts the repository on `branch` at `commit`, with the refs of `origin`. */
function writeRefs(
  gitDir: string,
  { refs, branch, commit }: { refs: CloneRefs; branch: string; commit: string },
): void {
  writeFileSync(join(gitDir, 'packed-refs'), refs.packed);
  writeRef(gitDir, `refs/heads/${branch}`, commit);
  writeFileSync(join(gitDir, 'HEAD'), `ref: refs/heads/${branch}\n`);
  if (refs.defaultBranch !== undefined)
    writeRef(gitDir, 'refs/remotes/origin/HEAD', `ref: refs/remotes/origin/${refs.defaultBranch}`);
  if (refs.hasBranch(branch)) writeFileSync(join(gitDir, 'config'), upstreamOf(branch), { flag: 'a' });
}

function writeRef(gitDir: string, ref: string, value: string): void {
  const path = join(gitDir, ref);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${value}\n`);
}

function configOf(originUrl: string): string {
  return [
    '[core]',
    '\trepositoryformatversion = 0',
    '\tfilemode = true',
    '\tbare = false',
    '\tlogallrefupdates = true',
    '[remote "origin"]',
    `\turl = ${quoted(originUrl)}`,
    '\tfetch = +refs/heads/*:refs/remotes/origin/*',
    '',
  ].join('\n');
}

function upstreamOf(branch: string): string {
  return `[branch ${quoted(branch)}]\n\tremote = origin\n\tmerge = ${quoted(`refs/heads/${branch}`)}\n`;
}

/** https://git-scm.com/docs/git-config#_syntax */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The refs of a mirror as a clone has them. */
type CloneRefs = {
  /** The text of `packed-refs`. */
  packed: string;
  /** The branch that `origin/HEAD` stands for, if the mirror has it. */
  defaultBranch: string | undefined;
  /** Whether `origin` has a branch of this name. */
  hasBranch: (name: string) => boolean;
};

/** The mirror's branches as branches of `origin`, and its tags. With `only`, what points at that commit alone. */
async function readCloneRefs(mirror: string, only?: string): Promise<CloneRefs> {
  const lines = (await readPackedRefs(mirror)).split('\n');
  const kept: string[] = [];
  const branches = new Set<string>();
  let keeping = false;
  for (const line of lines) {
    const [, commit, name] = /^([0-9a-f]{40}) (refs\/(?:heads|tags)\/.+)$/.exec(line) ?? [];
    if (line.startsWith('# ')) kept.push(line);
    else if (line.startsWith('^') && keeping) kept.push(line);
    else {
      keeping = name !== undefined && (only === undefined || commit === only);
      if (!keeping || name === undefined) continue;
      kept.push(`${commit} ${name.replace(/^refs\/heads\//, 'refs/remotes/origin/')}`);
      if (name.startsWith('refs/heads/')) branches.add(name.slice('refs/heads/'.length));
    }
  }
  const [, head = ''] = /^ref: refs\/heads\/(\S+)/.exec(await readFile(join(mirror, 'HEAD'), 'utf8')) ?? [];
  return {
    packed: kept.map((line) => `${line}\n`).join(''),
    defaultBranch: branches.has(head) ? head : undefined,
    hasBranch: (name) => branches.has(name),
  };
}

/** Every fetch leaves all refs of a mirror in this one file, which git replaces whole. */
async function readPackedRefs(mirror: string): Promise<string> {
  return await readFile(join(mirror, 'packed-refs'), 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
}

/** Packs with their indexes, and single objects; nothing half-received, and no index over several packs. */
const OBJECT_FILE = /^(?:pack-[0-9a-f]{40}\.(?:pack|idx|rev)|[0-9a-f]{38})$/;

/** A clean-up of the mirror joins packs while they are copied; the joined one is there before those go. */
const TRIES = 3;

/**
 * Copies all objects of a mirror into the object directory of a clone. They are copies, never links: whoever may
 * write to the clone cannot reach the mirror through them. Where the file system shares blocks, copies cost nothing.
 */
async function copyObjects(mirror: string, objects: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await copyOnce(mirror, objects);
      return;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || attempt === TRIES) throw error;
    }
  }
}

async function copyOnce(mirror: string, to: string): Promise<void> {
  const from = join(mirror, 'objects');
  const directories = (await readdir(from)).filter((name) => /^(?:pack|[0-9a-f]{2})$/.test(name));
  for (const directory of directories) {
    const names = (await readdir(join(from, directory))).filter((name) => OBJECT_FILE.test(name));
    await mkdir(join(to, directory), { recursive: true });
    await Promise.all(
      names.map(async (name) => {
        const copy = join(to, directory, name);
        if (await takeSpare(mirror, name, copy)) return;
        await copyFile(join(from, directory, name), copy, constants.COPYFILE_FICLONE);
      }),
    );
  }
}
