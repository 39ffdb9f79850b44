import { type FileHandle, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChangeSet, type Content, LINK_MODE, parseChanges, SUBMODULE_MODE } from './changes.ts';
import { confinedGit } from './confined-git.ts';
import { changesInvalid, changesTooLarge } from './errors.ts';

/** More text than this about what changed is never read. */
const MAX_LISTING_BYTES = 32 * 1024 * 1024;

/** Every path of every commit that is read from the input, against each of its parents, as it is. */
const DIFF_TREE = 'diff-tree --stdin --no-commit-id --root -r -m -z --raw --no-renames --no-abbrev'.split(
  ' ',
);

/** A link's target is a path, and no path is longer: https://man7.org/linux/man-pages/man7/path_resolution.7.html */
const MAX_TARGET_BYTES = 4096;

/** How much of a content is in memory at a time. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Reads what an agent's commits change out of a quarantine repository: every commit against each of its parents. The
 * contents of links, and of files of more than `binaryBytes`, are looked at; all others count as text. Binary is what
 * has a NUL anywhere, and not only where git looks for one. Throws `changes_invalid` and `changes_too_large`.
 */
export async function inspectChanges(parts: {
  repository: string;
  base: string;
  commit: string;
  binaryBytes: number;
}): Promise<ChangeSet> {
  const { repository, base, commit, binaryBytes } = parts;
  const ask = createAsk(repository);
  const commits = await ask.after(undefined, ['rev-list', commit, `^${base}`, '--']);
  const behind = await ask.after(undefined, ['rev-list', '--max-count=1', base, `^${commit}`, '--']);
  const listing = await ask.after(commits, DIFF_TREE);
  const changes = parseChanges(await readText(listing, 'latin1'));
  const files = changes.filter(({ mode, id }) => !/^0+$/.test(id) && mode !== SUBMODULE_MODE);
  const ids = [...new Set(files.map(({ id }) => id))];
  const sizes = await readSizes(ask, ids);
  const links = new Set(files.filter(({ mode }) => mode === LINK_MODE).map(({ id }) => id));
  const looked = ids.filter((id) => links.has(id) || (sizes.get(id) ?? 0) > binaryBytes);
  const looks = await lookInto(ask, looked);
  const contents = new Map<string, Content>();
  for (const id of ids) {
    const { head, isBinary = false } = looks.get(id) ?? {};
    const bytes = sizes.get(id) ?? Number.NaN;
    if (!Number.isSafeInteger(bytes)) throw changesInvalid(`the content ${id} is not there`);
    const linkTarget = links.has(id) && bytes <= MAX_TARGET_BYTES ? head?.toString() : undefined;
    contents.set(id, { bytes, isBinary, linkTarget });
  }
  return { changes, contents, isOnBase: (await readText(behind)) === '' };
}

/** Asks git something, and gives the file that its answer lies in. */
type Ask = {
  /** With what an earlier answer says as its input. */
  after(input: string | undefined, args: readonly string[]): Promise<string>;
  /** With these lines as its input. */
  about(lines: readonly string[], args: readonly string[]): Promise<string>;
};

function createAsk(repository: string): Ask {
  let files = 0;
  const nextFile = (): string => {
    files += 1;
    return join(repository, `told-${files}`);
  };
  const after: Ask['after'] = async (input, args) => {
    const output = nextFile();
    const ends = input === undefined ? { output } : { input, output };
    await confinedGit([`--git-dir=${repository}`, ...args], ends, changesInvalid);
    return output;
  };
  return {
    after,
    async about(lines, args) {
      const input = nextFile();
      await writeFile(input, lines.map((line) => `${line}\n`).join(''));
      return await after(input, args);
    },
  };
}

async function readText(file: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<string> {
  if ((await stat(file)).size > MAX_LISTING_BYTES)
    throw changesTooLarge(`the list of what they change is longer than ${MAX_LISTING_BYTES / 1024 ** 2} MiB`);
  return await readFile(file, encoding);
}

async function readSizes(ask: Ask, ids: readonly string[]): Promise<Map<string, number>> {
  const answer = await ask.about(ids, ['cat-file', '--buffer', '--batch-check=%(objectname) %(objectsize)']);
  const lines = await readText(answer);
  return new Map(
    lines.split('\n').map((line) => {
      const [id = '', size = ''] = line.split(' ');
      return [id, Number(size)];
    }),
  );
}

/** The beginning of a content, and whether a NUL is anywhere in it. */
type Look = { head: Buffer; isBinary: boolean };

async function lookInto(ask: Ask, ids: readonly string[]): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  if (ids.length === 0) return looks;
  const answer = await ask.about(ids, ['cat-file', '--buffer', '--batch=%(objectname) %(objectsize)']);
  const file = await open(answer);
  try {
    let at = 0;
    for (const id of ids) {
      const line = Buffer.alloc(100);
      await file.read(line, 0, line.length, at);
      const end = line.indexOf('\n');
      const bytes = Number(line.toString('latin1', 0, end).split(' ')[1]);
      if (!Number.isSafeInteger(bytes)) throw changesInvalid(`the content ${id} is not there`);
      at += end + 1;
      looks.set(id, await lookAt(file, at, bytes));
      at += bytes + 1;
    }
  } finally {
    await file.close();
  }
  return looks;
}

async function lookAt(file: FileHandle, start: number, bytes: number): Promise<Look> {
  let head: Buffer = Buffer.alloc(0);
  let isBinary = false;
  for (let at = 0; at < bytes && !isBinary; at += PIECE_BYTES) {
    const piece = Buffer.alloc(Math.min(bytes - at, PIECE_BYTES));
    await file.read(piece, 0, piece.length, start + at);
    if (at === 0) head = Buffer.from(piece.subarray(0, MAX_TARGET_BYTES));
    isBinary = piece.includes(0);
  }
  return { head, isBinary };
}
