import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { confinedGit } from './confined-git.ts';
import { changesInvalid } from './errors.ts';

/** How much there is in what an agent committed. */
export type ChangeCount = { commits: number; files: number };

/**
 * A bare repository of the host's own for one bundle: its objects are the bundle's and, through the mirror, this
 * repository's, and nothing else. Its configuration is ours; no working tree ever lies in it.
 */
export type Quarantine = {
  /** Takes objects in that are sound and whole, and puts `branch` at `commit`. Throws `changes_invalid`, `changes_too_large`. */
  admit(packFile: string, commit: string): Promise<void>;
  /** Takes a bundle in that `writeBundle` wrote before. Throws `changes_invalid`, `changes_too_large`. */
  admitOwn(bundleFile: string, commit: string): Promise<void>;
  count(): Promise<ChangeCount>;
  /** One patch with everything beyond the base, binary files included. */
  writePatch(file: string): Promise<void>;
  /** The commits as a bundle, made anew from what was admitted. */
  writeBundle(file: string): Promise<void>;
  /** The contents of all objects beyond the base, one after the other, as far as the limits allow. */
  writeContents(file: string): Promise<void>;
};

/** Makes the repository at `dir`, which is not there yet. `base` is a commit of the mirror, `branch` a short name. */
export async function makeQuarantine(options: {
  dir: string;
  mirror: string;
  base: string;
  branch: string;
}): Promise<Quarantine> {
  const { dir, mirror, base, branch } = options;
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads'])
    await mkdir(join(dir, folder), { recursive: true, mode: 0o700 });
  await writeFile(join(dir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  // A HEAD that leads nowhere, so that no attributes are taken from what the agent wrote.
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/none\n');
  await writeFile(join(dir, 'objects/info/alternates'), `${join(mirror, 'objects')}\n`);
  const ref = `refs/heads/${branch}`;
  const git = (args: readonly string[], files: { input?: string; output?: string } = {}): Promise<void> =>
    confinedGit([`--git-dir=${dir}`, ...args], files, changesInvalid);
  const beyond = [ref, `^${base}`];
  const tell = async (args: readonly string[]): Promise<string> => {
    const output = join(dir, 'told');
    await git(args, { output });
    return output;
  };
  return {
    async admit(packFile, commit) {
      await git(['index-pack', '--stdin', '--strict', '--fix-thin'], { input: packFile });
      await git(['cat-file', 'commit', commit]);
      await git(['update-ref', ref, commit]);
      await git(['rev-list', '--objects', '--quiet', ...beyond, '--']);
    },
    async admitOwn(bundleFile, commit) {
      await git(['bundle', 'unbundle', bundleFile]);
      await git(['update-ref', ref, commit]);
    },
    async count() {
      const commits = await countBytes(await tell(['rev-list', ...beyond, '--']), '\n');
      const paths = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', base, ref, '--'];
      return { commits, files: await countBytes(await tell(paths), '\0') };
    },
    writePatch: (output) =>
      git(
        ['diff', '--binary', '--full-index', '--no-color', '--no-ext-diff', '--no-textconv', base, ref, '--'],
        {
          output,
        },
      ),
    writeBundle: (output) =>
      git(['bundle', 'create', '--quiet', '--version=2', '-', ...beyond, '--'], { output }),
    async writeContents(output) {
      const input = await tell(['rev-list', '--objects', ...beyond, '--']);
      await git(['cat-file', '--buffer', '--batch=%(objectname) %(objecttype) %(rest)'], { input, output });
    },
  };
}

async function countBytes(file: string, byte: string): Promise<number> {
  let count = 0;
  for await (const chunk of createReadStream(file))
    for (let at = chunk.indexOf(byte); at !== -1; at = chunk.indexOf(byte, at + 1)) count += 1;
  return count;
}
