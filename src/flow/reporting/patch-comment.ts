import { open } from 'node:fs/promises';
import { cut } from '../../feedback/outgoing.ts';

/** GitHub takes 65,536 characters in a comment. */
const PATCH_LIMIT = 55_000;

/** A fence of more characters than this leaves too little room for what it fences. */
const FENCE_LIMIT = 500;

/** More of a patch than this is never read: far more than is shown, so that no value is cut in two before it is masked. */
const READ_BYTES = 1024 * 1024;

/** The beginning of a patch, masked; `bytes` is how long the whole is. */
type PatchBeginning = { text: string; bytes: number };

/** Reads as much of a patch as a comment can show, and more. */
export async function readPatch(path: string, mask: (text: string) => string): Promise<PatchBeginning> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, READ_BYTES)));
    return { text: mask(buffer.toString('utf8', 0, bytesRead)), bytes: size };
  } finally {
    await file.close();
  }
}

/** A comment that shows a patch, folded; its fence is longer than any row of its character in it. */
export function patchComment(parts: {
  runId: string;
  mark: string;
  title: string;
  patch: PatchBeginning;
}): string {
  const { runId, mark, title, patch } = parts;
  const shown = cut(patch.text, PATCH_LIMIT, () => '');
  const fence = [fenceFor(shown, '`'), fenceFor(shown, '~')].find(({ length }) => length <= FENCE_LIMIT);
  const isWhole = fence !== undefined && shown.length === patch.text.length && patch.bytes <= READ_BYTES;
  const rest = `the whole patch of ${patch.bytes} bytes is kept with the run`;
  return [
    mark,
    `**${title}**`,
    fence === undefined
      ? `[not shown: ${rest}]`
      : `<details><summary>The patch</summary>\n\n${fence}diff\n${shown}\n${fence}\n</details>`,
    ...(isWhole || fence === undefined ? [] : [`[cut: ${rest}]`]),
    `<sub>github-flows run \`${runId}\`</sub>`,
  ].join('\n\n');
}

function fenceFor(text: string, character: '`' | '~'): string {
  let longest = 2;
  for (const [row] of text.matchAll(character === '`' ? /`+/g : /~+/g))
    longest = Math.max(longest, row.length);
  return character.repeat(longest + 1);
}
