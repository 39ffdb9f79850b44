import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CloneRefs } from './clone-refs.ts';

/** The directories that git wants to find, or that tools expect. */
const DIRECTORIES = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'hooks', 'info'];

/**
 * Makes an empty repository at `gitDir`; written by hand, because a process for it costs as much as the rest, and
 * without waiting: a few dozen tiny files take under a millisecond, and several through the thread pool.
 */
export function makeGitDirectory(gitDir: string, originUrl: string): void {
  for (const directory of DIRECTORIES) mkdirSync(join(gitDir, directory), { recursive: true });
  writeFileSync(join(gitDir, 'config'), configOf(originUrl));
  writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
}

/** Puts the repository on `branch` at `commit`, with the refs of `origin`. */
export function writeRefs(
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
