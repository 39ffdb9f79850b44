import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';

/** The refs of a mirror as a clone has them. */
export type CloneRefs = {
  /** The text of `packed-refs`. */
  packed: string;
  /** The branch that `origin/HEAD` stands for, if the mirror has it. */
  defaultBranch: string | undefined;
  /** Whether `origin` has a branch of this name. */
  hasBranch: (name: string) => boolean;
};

/** The mirror's branches as branches of `origin`, and its tags. With `only`, what points at that commit alone. */
export async function readCloneRefs(mirror: string, only?: string): Promise<CloneRefs> {
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
