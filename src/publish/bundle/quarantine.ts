import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { confinedGit, refuseEndless } from '../confined-git.ts';
import { changesInvalid } from '../errors.ts';
import { createGitReader } from '../git-reader.ts';
import { listNew, patchBase, rangeLines } from '../judge/new-commits.ts';
import { reword } from './reword.ts';

/** Counts of the new commits; `ofBase` of them were there when the run began, as in a fork; `isAsBefore` when every file is as the run found it. */
export type ChangeCount = { commits: number; ofBase: number; files: number; isAsBefore: boolean };

/**
 * A bare repository of the host's own for one bundle: its objects are the bundle's and, through the mirror, this
 * repository's, and nothing else. Its configuration is ours; no working tree ever lies in it.
 */
export type Quarantine = {
  /** Takes objects in that are sound and whole, and puts `branch` at `commit`. Throws `changes_invalid`, `changes_too_large`. */
  admit(packFile: string, commit: string): Promise<void>;
  /** Takes a bundle in that `writeBundle` wrote before. Throws `changes_invalid`, `changes_too_large`. */
  admitOwn(bundleFile: string, commit: string): Promise<void>;
  /** Makes the messages of the commits beyond the base harmless; gives where `branch` is now. */
  reword(): Promise<{ tip: string; reworded: number }>;
  count(): Promise<ChangeCount>;
  /** One patch with everything that the new commits do; of binary files only the names unless `isBinary`, which it is when not given. */
  writePatch(file: string, how?: { isBinary: boolean }): Promise<void>;
  /** The commits as a bundle, made anew from what was admitted. */
  writeBundle(file: string): Promise<void>;
  /** The contents of all new objects, one after the other, as far as the limits allow. */
  writeContents(file: string): Promise<void>;
};

/**
 * Makes the repository at `dir`, which is not there yet. `base` is a commit of the mirror, `branch` a short name; new
 * is what `known`, commits of the mirror, do not lead to: the base itself unless it is given.
 */
export async function makeQuarantine(options: {
  dir: string;
  mirror: string;
  base: string;
  branch: string;
  known?: readonly string[];
}): Promise<Quarantine> {
  const { dir, base, branch, known = [base] } = options;
  await layOut(options);
  const ref = `refs/heads/${branch}`;
  const reader = createGitReader(dir, dir);
  const git = (args: readonly string[], files: { input?: string; output?: string } = {}): Promise<void> =>
    confinedGit([`--git-dir=${dir}`, ...args], files, changesInvalid);
  const knownFile = join(dir, 'known');
  await writeFile(knownFile, known.map((id) => `^${id}\n`).join(''));
  const beyond = [ref, '--stdin'];
  const from = { input: knownFile };
  const readTip = async (): Promise<string> => (await reader.text({ args: ['rev-parse', ref] })).trim();
  const comparison = async (): Promise<string[]> => {
    const tip = await readTip();
    return [await patchBase(reader, { tip, known }, base), tip, '--'];
  };
  return {
    async admit(packFile, commit) {
      await git(['index-pack', '--stdin', '--strict', '--fix-thin'], { input: packFile });
      await git(['cat-file', 'commit', commit]);
      await git(['update-ref', ref, commit]);
      await git(['rev-list', '--objects', '--quiet', ...beyond], from);
      await refuseEndless(dir, commit);
    },
    async admitOwn(bundleFile, commit) {
      await git(['bundle', 'unbundle', bundleFile]);
      await git(['update-ref', ref, commit]);
    },
    async reword() {
      const tip = await readTip();
      const own = await listNew(reader, { tip, known: [...known, base] });
      const done = await reword({ reader, dir }, own, tip);
      if (done.tip !== tip) await git(['update-ref', ref, done.tip]);
      return done;
    },
    async count() {
      const tip = await readTip();
      const commits = (await listNew(reader, { tip, known })).length;
      const own = (await listNew(reader, { tip, known: [...known, base] })).length;
      const trees = await reader.text({ args: ['rev-parse', `${tip}^{tree}`, `${base}^{tree}`] });
      const [now, before] = trees.split('\n');
      const paths = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', ...(await comparison())];
      return {
        commits,
        ofBase: commits - own,
        files: await countBytes(await reader.file({ args: paths }), '\0'),
        isAsBefore: now === before,
      };
    },
    async writePatch(output, { isBinary } = { isBinary: true }) {
      const how = ['--full-index', '--no-color', '--no-ext-diff', '--no-textconv'];
      await git(['diff', ...how, ...(isBinary ? ['--binary'] : []), ...(await comparison())], { output });
    },
    writeBundle: (output) =>
      git(['bundle', 'create', '--quiet', '--version=2', '-', ...beyond], { ...from, output }),
    async writeContents(output) {
      const tip = await readTip();
      const args = ['rev-list', '--objects', '--stdin'];
      const input = await reader.file({ args, input: rangeLines({ tip, known }) });
      await git(['cat-file', '--buffer', '--batch=%(objectname) %(objecttype) %(rest)'], { input, output });
    },
  };
}

async function layOut({ dir, mirror }: { dir: string; mirror: string }): Promise<void> {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads'])
    await mkdir(join(dir, folder), { recursive: true, mode: 0o700 });
  await writeFile(join(dir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  // A HEAD that leads nowhere, so that no attributes are taken from what the agent wrote.
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/none\n');
  await writeFile(join(dir, 'objects/info/alternates'), `${join(mirror, 'objects')}\n`);
}

async function countBytes(file: string, byte: string): Promise<number> {
  let count = 0;
  for await (const chunk of createReadStream(file))
    for (let at = chunk.indexOf(byte); at !== -1; at = chunk.indexOf(byte, at + 1)) count += 1;
  return count;
}
