import { lchown, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { randomId } from './ids.ts';

/** Who owns a file: numeric user and group. */
export type Owner = { uid: number; gid: number };

/** Writes `path` whole or not at all: a temporary file beside it, synced, given mode and owner, then renamed. */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  options: { mode: number; owner?: Owner },
): Promise<void> {
  const temporary = `${path}.${randomId(8)}.tmp`;
  try {
    const file = await open(temporary, 'wx', options.mode);
    try {
      await file.writeFile(data);
      await file.chmod(options.mode);
      if (options.owner) await file.chown(options.owner.uid, options.owner.gid);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes a directory (parents too) with the given mode and owner; one that is there already is left as it is. */
export async function makeDirectory(path: string, options: { mode: number; owner?: Owner }): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: options.mode });
  if (first !== undefined && options.owner) await lchown(path, options.owner.uid, options.owner.gid);
}

/** Removes a tree without following links; one that is gone is fine. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Whether `child` is `parent` or lies below it. Both are absolute and normal; links are not followed. */
export function isInside(parent: string, child: string): boolean {
  const path = relative(parent, child);
  return path === '' || (!isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`));
}

/** The nearest directories of `path` upwards, itself first, `/` last. */
export function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...ancestors(parent)];
}
