import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Masks text that comes in pieces. */
export type PatchMask = { push(text: string): string; end(): string };

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
