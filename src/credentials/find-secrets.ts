import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '../base/secret.ts';
import { entry, openDirectory } from './private-file.ts';

const CHUNK_BYTES = 1024 * 1024;
/** An agent can make a file that reads as terabytes, and folders without end. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_ENTRIES = 500_000;
const MAX_DEPTH = 100;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The files below `dir` that contain one of `secrets` as it is, as paths relative to `dir`, at most `limit`. `dir` is
 * what an agent left: links are not followed, special files not opened, what cannot be read is passed over; of each
 * file the first 64 MiB are searched, and after 4 GiB or half a million entries the search ends. Compressed contents
 * (git's objects) are not looked into.
 */
export async function findSecrets(dir: string, secrets: readonly Secret[], limit: number): Promise<string[]> {
  const values = secrets.map((secret) => Buffer.from(secret.reveal())).filter((value) => value.length > 0);
  const found: string[] = [];
  const root = values.length > 0 ? await openDirectory(dir) : undefined;
  if (!root || 'kind' in root) return found;

  let entries = 0;
  let bytes = 0;
  async function visit(folder: FileHandle, item: Dirent, path: string, depth: number): Promise<void> {
    if (item.isFile()) {
      const search = await searchFile(folder, item.name, values);
      bytes += search.bytes;
      if (search.found) found.push(path);
    }
    if (!item.isDirectory() || depth >= MAX_DEPTH) return;
    const child = await openDirectory(join(dir, path), folder);
    if (!('kind' in child)) await walk(child, path, depth + 1);
  }

  async function walk(folder: FileHandle, prefix: string, depth: number): Promise<void> {
    try {
      for await (const item of await opendir(entry(folder, '.'))) {
        entries += 1;
        if (found.length >= limit || entries > MAX_ENTRIES || bytes > MAX_BYTES) return;
        await visit(folder, item, join(prefix, item.name), depth);
      }
    } finally {
      await folder.close();
    }
  }

  await walk(root, '', 0);
  return found;
}

/** Whether the file holds one of `values`, and how many bytes were read to know. */
async function searchFile(
  folder: FileHandle,
  name: string,
  values: readonly Buffer[],
): Promise<{ found: boolean; bytes: number }> {
  let bytes = 0;
  const file = await open(entry(folder, name), FILE).catch(() => undefined);
  if (!file) return { found: false, bytes };
  try {
    const overlap = Math.max(...values.map((value) => value.length)) - 1;
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, CHUNK_BYTES) + overlap);
    let kept = 0;
    while (bytes < MAX_FILE_BYTES) {
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, null);
      const text = buffer.subarray(0, kept + bytesRead);
      if (values.some((value) => text.includes(value))) return { found: true, bytes };
      if (bytesRead === 0) break;
      bytes += bytesRead;
      kept = Math.min(overlap, text.length);
      buffer.copyWithin(0, text.length - kept, text.length);
    }
    return { found: false, bytes };
  } finally {
    await file.close();
  }
}
