import { type FileHandle, open } from 'node:fs/promises';
import { changesInvalid, changesTooLarge } from '../errors.ts';
import { CHANGE_LIMITS } from '../limits.ts';
import { readPackHeader } from './bundle-header.ts';

/** Takes a bundle as it comes: the header is kept as text, the objects go to a file. */
export type BundleFile = {
  /** Throws `changes_too_large`, `changes_invalid`. */
  write(bytes: Buffer): Promise<void>;
  /** The header; throws `changes_invalid` for a bundle without objects, `changes_too_large` for one with too many. */
  finish(): Promise<string>;
  close(): Promise<void>;
};

const MEGABYTE = 1024 * 1024;

/** Objects go to a new file at `packFile`. */
export async function openBundleFile(packFile: string): Promise<BundleFile> {
  const file: FileHandle = await open(packFile, 'wx', 0o600);
  let head = Buffer.alloc(0);
  let header: string | undefined;
  let packHead = Buffer.alloc(0);
  let total = 0;
  const append = async (bytes: Buffer): Promise<void> => {
    if (packHead.length < 12) packHead = Buffer.concat([packHead, bytes.subarray(0, 12)]);
    await file.writeFile(bytes);
  };
  return {
    async write(bytes) {
      total += bytes.length;
      if (total > CHANGE_LIMITS.bundleBytes)
        throw changesTooLarge(`they take more than ${CHANGE_LIMITS.bundleBytes / MEGABYTE} MiB`);
      if (header !== undefined) return await append(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\n\n');
      if (end === -1 && head.length > CHANGE_LIMITS.headerBytes)
        throw changesInvalid('its header does not end');
      if (end === -1) return;
      header = head.toString('latin1', 0, end);
      await append(head.subarray(end + 2));
    },
    async finish() {
      if (header === undefined) throw changesInvalid('its header does not end');
      const objects = readPackHeader(packHead);
      if (objects > CHANGE_LIMITS.objects) throw changesTooLarge(`they have ${objects} objects`);
      return header;
    },
    close: async () => await file.close(),
  };
}
