import { createReadStream } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { makeDirectory, removeTree } from '../../base/files.ts';
import { createGitReader } from '../git-reader.ts';
import { listNew } from '../judge/new-commits.ts';
import { readSizes } from '../judge/read-objects.ts';
import { type BundleEngine, takeBundle } from './bundle.ts';
import type { BundleRequest } from './bundle-container.ts';
import { type ChangeCount, makeQuarantine, type Quarantine } from './quarantine.ts';

/** What an agent committed, checked: how much it is, and the commit that it ends in. */
export type Changes = ChangeCount & {
  commit: string;
  /** How many messages were made harmless. */
  reworded: number;
};

/** The files that it was kept in; null is one that was not. */
type KeptFiles = { patch: string | null; bundle: string | null };

/** What an agent committed, checked and not kept yet; whoever searched it says how it may be. */
export type TakenChanges = Changes & {
  /** Keeps a patch and a bundle as they are. */
  keep(): Promise<KeptFiles>;
  /**
   * Keeps no bundle, and a masked patch without the contents of binary files, which no mask reaches; none when
   * `isClean` does not say so of the directory that it is in, and none of more than 64 MiB.
   */
  keepMasked(stream: () => PatchMask, isClean: (dir: string) => Promise<boolean>): Promise<KeptFiles>;
};

/** Names of the files in the run's log directory. */
const PATCH = 'changes.patch';
const BUNDLE = 'changes.bundle';

/** Where the contents of the commits lie for a search; they are compressed everywhere else. */
export const CONTENTS = 'contents';

/**
 * Takes what the agent committed beyond the base, or gives undefined when there is nothing: every commit that
 * `request.known` does not lead to. With `harmless`, messages of the agent's that would do something on GitHub are
 * reworded. `dir` is a directory of the service that is made anew for it and left for `searchable` contents, and for
 * keeping in `keepIn` what was taken; the caller removes it. Throws the codes of `takeBundle` and `makeQuarantine`.
 */
export async function takeChanges(
  parts: { engine: BundleEngine; clock: Clock },
  request: BundleRequest,
  places: { mirror: string; dir: string; keepIn: string; searchable: boolean; harmless: boolean },
): Promise<TakenChanges | undefined> {
  const { dir, keepIn } = places;
  await removeTree(dir);
  await makeDirectory(dir, { mode: 0o700 });
  const packFile = join(dir, 'pack');
  const tip = await takeBundle(parts, request, packFile);
  if (tip === undefined) return undefined;
  const { base, branch } = request;
  const known = await knownFor(request, tip, places);
  const quarantine = await makeQuarantine({
    dir: join(dir, 'repository.git'),
    mirror: places.mirror,
    base,
    branch,
    known,
  });
  await quarantine.admit(packFile, tip);
  const made = places.harmless ? await quarantine.reword() : { tip, reworded: 0 };
  const count = await quarantine.count();
  await quarantine.writePatch(join(dir, PATCH));
  await quarantine.writeBundle(join(dir, BUNDLE));
  if (places.searchable) await unfold(quarantine, dir);
  return {
    ...count,
    commit: made.tip,
    reworded: made.reworded,
    async keep() {
      for (const name of [PATCH, BUNDLE]) await settle(join(dir, name), join(keepIn, name));
      return { patch: join(keepIn, PATCH), bundle: join(keepIn, BUNDLE) };
    },
    async keepMasked(stream, isClean) {
      for (const name of [PATCH, BUNDLE]) await removeTree(join(keepIn, name));
      const text = join(dir, 'text.patch');
      await quarantine.writePatch(text, { isBinary: false });
      const masked = await writeMasked(text, join(dir, 'masked'), stream);
      if (masked === undefined || !(await isClean(join(dir, 'masked')))) return { patch: null, bundle: null };
      await settle(masked, join(keepIn, PATCH));
      return { patch: join(keepIn, PATCH), bundle: null };
    },
  };
}

async function settle(from: string, to: string): Promise<void> {
  await chmod(from, 0o600);
  await rename(from, to);
}

/** What the agent pushed itself is on a branch already; then it is shown beyond the commit that the run began with. */
async function knownFor(
  { base, known = [base] }: BundleRequest,
  tip: string,
  { mirror, dir }: { mirror: string; dir: string },
): Promise<readonly string[]> {
  const reader = createGitReader(mirror, dir);
  if ((await readSizes(reader, [tip])).size === 0) return known;
  return (await listNew(reader, { tip, known: [...known, base] })).length > 0 ? known : [base];
}

async function unfold(quarantine: Quarantine, dir: string): Promise<void> {
  await makeDirectory(join(dir, CONTENTS), { mode: 0o700 });
  await quarantine.writeContents(join(dir, CONTENTS, 'objects'));
}

/** Masks text that comes in pieces. */
type PatchMask = { push(text: string): string; end(): string };

/** More is not masked: it would keep the service from everything else. */
const MAX_BYTES = 64 * 1024 ** 2;

/**
 * Writes a patch masked into the directory `dir`, which it makes, and beside it the same without the first character
 * of each line, which divides a value that goes over several lines: for a search. Gives the file, or undefined for a
 * patch that is too large.
 */
export async function writeMasked(
  patch: string,
  dir: string,
  stream: () => PatchMask,
): Promise<string | undefined> {
  if ((await stat(patch)).size > MAX_BYTES) return undefined;
  await mkdir(dir, { mode: 0o700 });
  const file = join(dir, 'patch');
  const [whole, bare] = await Promise.all([open(file, 'wx', 0o600), open(join(dir, 'bare'), 'wx', 0o600)]);
  try {
    const mask = stream();
    const unfold = lineContents();
    const write = async (text: string): Promise<void> => {
      await append(whole, text);
      await append(bare, unfold(text));
    };
    for await (const text of createReadStream(patch, 'utf8')) await write(mask.push(text));
    await write(mask.end());
  } finally {
    await Promise.all([whole.close(), bare.close()]);
  }
  return file;
}

async function append(file: FileHandle, text: string): Promise<void> {
  if (text !== '') await file.writeFile(text);
}

/** Takes what git puts before each line of a file away, from text that comes in pieces. */
function lineContents(): (text: string) => string {
  let isLineStart = true;
  return (text) => {
    const first = isLineStart ? text.replace(/^[ +-]/, '') : text;
    if (text !== '') isLineStart = text.endsWith('\n');
    return first.replaceAll(/\n[ +-]/g, '\n');
  };
}
