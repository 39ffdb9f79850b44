import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CloneRefs } from './clone-refs.ts';

/** The directories that git wants to find, or that tools expect. */
const DIRECTORIES = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'hooks', 'info'];

/** Makes an empty repository at `gitDir`; written by hand, because a process for it costs as much as the rest. */
export async function makeGitDirectory(gitDir: string, originUrl: string): Promise<void> {
  for (const directory of DIRECTORIES) await mkdir(join(gitDir, directory), { recursive: true });
  await writeFile(join(gitDir, 'config'), configOf(originUrl));
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
}

/** Puts the repository on `branch` at `commit`, with the refs of `origin`. */
export async function writeRefs(
  gitDir: string,
  { refs, branch, commit }: { refs: CloneRefs; branch: string; commit: string },
): Promise<void> {
  await writeFile(join(gitDir, 'packed-refs'), refs.packed);
  await writeRef(gitDir, `refs/heads/${branch}`, commit);
  await writeFile(join(gitDir, 'HEAD'), `ref: refs/heads/${branch}\n`);
  if (refs.defaultBranch !== undefined)
    await writeRef(gitDir, 'refs/remotes/origin/HEAD', `ref: refs/remotes/origin/${refs.defaultBranch}`);
  if (refs.hasBranch(branch)) await writeFile(join(gitDir, 'config'), upstreamOf(branch), { flag: 'a' });
}

async function writeRef(gitDir: string, ref: string, value: string): Promise<void> {
  const path = join(gitDir, ref);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${value}\n`);
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
