import { constants } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { takeSpare } from '../mirrors/spare-packs.ts';

/** Packs with their indexes, and single objects; nothing half-received, and no index over several packs. */
const OBJECT_FILE = /^(?:pack-[0-9a-f]{40}\.(?:pack|idx|rev)|[0-9a-f]{38})$/;

/** A clean-up of the mirror joins packs while they are copied; the joined one is there before those go. */
const TRIES = 3;

/**
 * Copies all objects of a mirror into the object directory of a clone. They are copies, never links: whoever may
 * write to the clone cannot reach the mirror through them. Where the file system shares blocks, copies cost nothing.
 */
export async function copyObjects(mirror: string, objects: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await copyOnce(mirror, objects);
      return;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || attempt === TRIES) throw error;
    }
  }
}

async function copyOnce(mirror: string, to: string): Promise<void> {
  const from = join(mirror, 'objects');
  const directories = (await readdir(from)).filter((name) => /^(?:pack|[0-9a-f]{2})$/.test(name));
  for (const directory of directories) {
    const names = (await readdir(join(from, directory))).filter((name) => OBJECT_FILE.test(name));
    await mkdir(join(to, directory), { recursive: true });
    await Promise.all(
      names.map(async (name) => {
        const copy = join(to, directory, name);
        if (await takeSpare(mirror, name, copy)) return;
        await copyFile(join(from, directory, name), copy, constants.COPYFILE_FICLONE);
      }),
    );
  }
}
