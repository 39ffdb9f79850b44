import { type FileHandle, open } from 'node:fs/promises';
import { formatBytes } from '../../base/bytes.ts';
import { CHANGE_LIMITS } from '../confined-git.ts';
import { changesInvalid, changesTooLarge } from '../errors.ts';

/** Takes a bundle as it comes: the header is kept as text, the objects go to a file. */
export type BundleFile = {
  /** Throws `changes_too_large`, `changes_invalid`. */
  write(bytes: Buffer): Promise<void>;
  /** The header; throws `changes_invalid` for a bundle without objects, `changes_too_large` for one with too many. */
  finish(): Promise<string>;
  close(): Promise<void>;
};

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
        throw changesTooLarge(`they take more than ${formatBytes(CHANGE_LIMITS.bundleBytes)}`);
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

const COMMIT = '[0-9a-f]{40}';

/**
 * The one commit that a bundle brings, from the text before its objects. It is a bundle of exactly one ref, which is
 * one of `refs`; what it says of commits that must be there already is not believed but found out.
 * Throws `changes_invalid`. https://git-scm.com/docs/gitformat-bundle
 */
export function readBundleHeader(header: string, refs: readonly string[]): string {
  const [signature, ...lines] = header.split('\n');
  if (signature !== '# v2 git bundle') throw changesInvalid('it is not a bundle of version 2');
  const heads = lines.filter((line) => !new RegExp(`^-${COMMIT}(?: .*)?$`).test(line));
  const [, commit, ref = ''] = new RegExp(`^(${COMMIT}) (.+)$`).exec(heads[0] ?? '') ?? [];
  if (commit === undefined || heads.length !== 1 || !refs.includes(ref))
    throw changesInvalid(`its header has ${heads.length} lines that are not ${refs.join(' or ')}`);
  return commit;
}

/** How many objects a pack declares, from its first twelve bytes. Throws `changes_invalid`. */
function readPackHeader(head: Buffer): number {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'PACK' || head.readUInt32BE(4) !== 2)
    throw changesInvalid('no objects follow its header');
  return head.readUInt32BE(8);
}
