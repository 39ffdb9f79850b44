import { isUtf8 } from 'node:buffer';

/** One path that one commit changes, as `git diff-tree --raw` prints it; of a merge only what it does itself. */
export type Change = {
  path: string;
  /** What was there before, as `mode` and `id` are; absent where nobody needs it. */
  before?: { mode: string; id: string };
  /** Octal, as git writes it: `100644`, `100755`, `120000` a symbolic link, `160000` a submodule, `000000` nothing. */
  mode: string;
  /** The new content's id; zeros when the path is gone. */
  id: string;
};

/** The contents that a change brings: bytes, whether git takes it for binary, and where a symbolic link points. */
export type Content = { bytes: number; isBinary: boolean; linkTarget: string | undefined };

/** Everything that new commits change, commit by commit: what one adds and the next removes is listed too. */
export type ChangeSet = {
  changes: readonly Change[];
  contents: ReadonlyMap<string, Content>;
  /** Whether the commits stand on the one that the run began with. */
  isOnBase: boolean;
  /** What is wrong with files whose content lies elsewhere; absent is nothing. */
  largeFiles?: LargeFiles;
};

/** Paths of Git LFS: pointers to contents that the repository does not have, and contents where a pointer was. */
export type LargeFiles = { missing: readonly string[]; unpacked: readonly string[] };

/** A symbolic link; https://git-scm.com/docs/gitformat-index */
export const LINK_MODE = '120000';

/** A submodule. */
export const SUBMODULE_MODE = '160000';

/**
 * Reads `diff-tree -z --raw` records: `:<old mode> <mode> <old id> <id> <status>`, NUL, path, NUL. `raw` has one
 * character for each byte. A path that is not UTF-8 is read byte by byte, so that no two of them become one.
 */
export function parseChanges(raw: string): Change[] {
  const words = raw.split('\0');
  const changes: Change[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [was = '', mode = '', wasId = '', id = ''] = (words[at] ?? '').split(' ');
    const before = { mode: was.slice(1), id: wasId };
    changes.push({ path: readPath(words[at + 1] ?? ''), before, mode, id });
  }
  return changes;
}

function readPath(bytes: string): string {
  const path = Buffer.from(bytes, 'latin1');
  return isUtf8(path) ? path.toString('utf8') : bytes;
}
