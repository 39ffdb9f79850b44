import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGit } from '../git.ts';
import type { FetchTarget } from './want.ts';

/** A commit of the mirror, and the full name of the ref it was asked by; the commit itself where there was none. */
export type ResolvedCommit = { commit: string; ref: string };

/** Looks a target up in the mirror; undefined when the mirror has no such commit, or cannot be read. */
export async function resolveTarget(
  mirror: string,
  target: Pick<FetchTarget, 'names' | 'commit'>,
): Promise<ResolvedCommit | undefined> {
  const names = target.commit === undefined ? target.names : [target.commit];
  const { exitCode, stdout } = await runGit(
    [`--git-dir=${mirror}`, 'cat-file', '--batch-check=%(objectname) %(objecttype)'],
    { input: names.map((name) => `${name}^{commit}\n`).join('') },
  );
  if (exitCode !== 0) return undefined;
  const lines = stdout.split('\n');
  for (const [index, name] of names.entries()) {
    const [, commit] = /^([0-9a-f]{40}) commit$/.exec(lines[index] ?? '') ?? [];
    if (commit === undefined) continue;
    const ref = target.commit === undefined ? name : (target.names[0] ?? commit);
    return { commit, ref: ref === 'HEAD' ? await readHead(mirror) : ref };
  }
  return undefined;
}

/** Whether the mirror holds no ref at all. */
export async function isEmptyMirror(mirror: string): Promise<boolean> {
  const { exitCode, stdout } = await runGit([`--git-dir=${mirror}`, 'for-each-ref', '--count=1']);
  return exitCode === 0 && stdout === '';
}

async function readHead(mirror: string): Promise<string> {
  const text = await readFile(join(mirror, 'HEAD'), 'utf8');
  return /^ref: (\S+)/.exec(text)?.[1] ?? text.trim();
}
