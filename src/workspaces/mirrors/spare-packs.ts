import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';

/** Copying less than this takes no time that anybody would notice. */
const LARGE_BYTES = 16 * 1024 ** 2;

/** Spare copies are made only while this many more would fit on the disk. */
const COPIES_LEFT = 8;

/**
 * Moves the spare copy of a large pack to `to`, if there is one; gives whether there was.
 *
 * `git clone` links packs, which costs nothing; a clone whose objects are its own needs copies, and those of a large
 * history take longer than all the rest. So one copy of each large pack lies ready beside the mirror's own. A spare
 * that a power cut left short is not taken.
 */
export async function takeSpare(mirror: string, name: string, to: string): Promise<boolean> {
  const spare = join(spareDirectory(mirror), name);
  try {
    const [made, whole] = await Promise.all([stat(spare), stat(join(mirror, 'objects', 'pack', name))]);
    if (made.size === whole.size) await rename(spare, to);
    else await rm(spare, { force: true });
    return made.size === whole.size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EXDEV') return false;
    throw error;
  }
}

/**
 * Makes the spare copies that are missing and removes those of packs that are gone. Nothing depends on it: it may
 * fail, be killed, or run twice at once. Does nothing for clones on another file system, which cannot take a spare.
 */
export async function makeSpares(mirror: string, cloneDirectory: string): Promise<void> {
  const packs = join(mirror, 'objects', 'pack');
  const spares = spareDirectory(mirror);
  if ((await stat(mirror)).dev !== (await stat(cloneDirectory)).dev) return;
  const names = await largeFiles(packs);
  const ready: string[] = await readdir(spares).catch(() => []);
  const isStale = (name: string): boolean => !name.endsWith(HALF) && !names.includes(name);
  for (const name of ready.filter(isStale)) await rm(join(spares, name), { force: true });
  for (const name of names.filter((each) => !ready.includes(each)))
    await copyWhole(join(packs, name), join(spares, name));
}

/** Where the spare copies of a mirror lie; what ends in `HALF` there is being made, or was left half made. */
function spareDirectory(mirror: string): string {
  return join(mirror, 'spare');
}

/** The end of the name of a copy that is not whole yet. */
export const HALF = '.half';

async function largeFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) =>
    /^pack-[0-9a-f]{40}\.(?:pack|idx|rev)$/.test(name),
  );
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return names.filter((_, index) => (sizes[index] ?? 0) >= LARGE_BYTES);
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(join(to, '..'), { recursive: true });
  const { bavail, bsize } = await statfs(from);
  if (bavail * bsize < COPIES_LEFT * (await stat(from)).size) return;
  const half = `${to}${HALF}`;
  await copyFile(from, half, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await rename(half, to);
}
