import { inflateSync } from 'node:zlib';

/** The contents of one binary file, as `git diff --binary` writes them; base85 has neither spaces nor a line of its own. */
const BINARY = /^GIT binary patch\n(?:(?:literal|delta) \d+\n(?:[A-Za-z][!-~]+\n)*\n?)+/gm;

/** What stands in the place of contents that hold a value; the patch then does not apply to that file. */
const NOT_KEPT = 'Binary contents, not kept: they hold what is masked, or cannot be looked into.\n';

/** More than this of unfolded contents is not looked into, and not kept. */
const MAX_BYTES = 16 * 1024 ** 2;

/**
 * A patch without the values that `mask` knows: its text masked, and without the contents of binary files in which
 * there is something to mask. These are compressed, so that no mask reaches into them where they stand.
 */
export function maskPatch(patch: string, mask: (text: string) => string): string {
  const isClean = (text: string): boolean => mask(text) === text;
  const parts: string[] = [];
  let left = MAX_BYTES;
  let done = 0;
  for (const { 0: block, index } of patch.matchAll(BINARY)) {
    const contents = isClean(block) ? contentsOf(block, left) : undefined;
    left -= contents?.length ?? 0;
    const isKept =
      contents !== undefined && isClean(contents.toString()) && isClean(contents.toString('utf16le'));
    parts.push(mask(patch.slice(done, index)), isKept ? block : NOT_KEPT);
    done = index + block.length;
  }
  return [...parts, mask(patch.slice(done))].join('');
}

/** The contents of a block; undefined for what is no base85, cannot be unfolded or unfolds to more than `limit`. */
function contentsOf(block: string, limit: number): Buffer | undefined {
  const [, ...hunks] = block.split(/^(?:literal|delta) \d+\n/m);
  try {
    return Buffer.concat(
      hunks.map((hunk) => {
        const rows = hunk.split('\n').filter((row) => row !== '');
        return inflateSync(Buffer.concat(rows.map(decodeRow)), { maxOutputLength: Math.max(1, limit) });
      }),
    );
  } catch {
    return undefined;
  }
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/** A row says by its first letter how many bytes it has; then five characters stand for four of them: https://github.com/git/git/blob/master/base85.c */
function decodeRow(row: string): Buffer {
  const letter = row.charCodeAt(0);
  const length = letter <= 90 ? letter - 64 : letter - 70;
  const bytes = Buffer.alloc(Math.ceil((row.length - 1) / 5) * 4);
  for (let at = 1; at < row.length; at += 5) {
    const value = [...row.slice(at, at + 5)].reduce((sum, digit) => sum * 85 + DIGITS.indexOf(digit), 0);
    bytes.writeUInt32BE(value, ((at - 1) / 5) * 4);
  }
  return bytes.subarray(0, length);
}
