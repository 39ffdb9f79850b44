import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeTree } from '../../base/files.ts';
import { hasPlaceApart, hasStores, takeStores } from './apart.ts';
import { HALF } from './spare-packs.ts';

/**
 * Removes what a git that was killed left in a mirror: lock files, half-received packs, and half-made mirrors
 * beside it. Only the one that holds the mirror's place in the queue may call this: then every such file is stale.
 */
export async function clearLeftovers(mirror: string): Promise<void> {
  const beside = await readdir(dirname(mirror));
  for (const name of beside.filter((name) => name.startsWith(`${basename(mirror)}.`))) {
    const leftover = join(dirname(mirror), name);
    if (await hasStores(leftover)) await giveBack(leftover, mirror);
    await removeTree(leftover);
  }
  const stale = [
    ...(await filesBelow(mirror, '', false)).filter((path) => path.endsWith('.lock')),
    ...(await filesBelow(mirror, 'refs', true)).filter((path) => path.endsWith('.lock')),
    ...(await filesBelow(mirror, 'objects/pack', false)).filter((path) =>
      /\/\.?tmp-?_?[^/]*$|\.temp$/.test(path),
    ),
    ...(await filesBelow(mirror, 'spare', false)).filter((path) => path.endsWith(HALF)),
    ...(await filesBelow(mirror, 'objects/info', true)).filter((path) => path.endsWith('.lock')),
  ];
  for (const path of stale) await rm(join(mirror, path), { force: true });
}

/** A service that ended while a mirror was replaced left the old one aside, with the stores that only it has. */
async function giveBack(leftover: string, mirror: string): Promise<void> {
  if (await hasPlaceApart(mirror)) await takeStores(leftover, mirror);
  else if (!existsSync(mirror)) await rename(leftover, mirror);
}

/** Files below a directory of the mirror as paths from the mirror; none where the directory is missing. */
export async function filesBelow(mirror: string, directory: string, recursive: boolean): Promise<string[]> {
  const found = await readdir(join(mirror, directory), { recursive, withFileTypes: true }).catch(() => []);
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(mirror.length + 1));
}
