import { checkoutTooLarge } from '../errors.ts';
import { runGit } from '../git.ts';
import type { RepositoryLimits } from '../git-limits.ts';

/** What a commit lays out, counted before any of it is written. */
export type Census = {
  /** Files, links and directories. */
  entries: number;
  /** As they lie on a disk, in whole blocks; what attributes make of a file is not in it. */
  bytes: number;
  /** Contents of `.gitattributes` files. */
  attributes: string[];
  /** Files as small as a pointer of Git LFS, by content, each with how many of them there are. */
  small: Map<string, number>;
};

const BLOCK_BYTES = 4096;

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer: shorter than 1,024 bytes; none real is shorter than 100. */
const POINTER_BYTES = { least: 100, most: 1023 };

/** More, or larger ones, say nothing more about whether a repository uses Git LFS. */
const MAX_ATTRIBUTES = 200;
const MAX_ATTRIBUTES_BYTES = 100_000;

/**
 * Counts what a commit of a mirror lays out. A few hundred bytes can name billions of files, so the count ends with
 * the first entry too many; directories count, because they may hold nothing but directories. Throws
 * `checkout_too_large`.
 */
export async function takeCensus(
  mirror: string,
  commit: string,
  { limits, signal }: { limits: RepositoryLimits; signal: AbortSignal | undefined },
): Promise<Census | undefined> {
  const census: Census = { entries: 0, bytes: 0, attributes: [], small: new Map() };
  const enough = new AbortController();
  let rest = '';
  const onStdout = (chunk: Buffer): void => {
    if (enough.signal.aborted) return;
    const lines = (rest + chunk.toString('latin1')).split('\0');
    rest = lines.pop() ?? '';
    for (const line of lines) addEntry(census, line);
    const passed = passedLimit(census, limits);
    if (passed) enough.abort(checkoutTooLarge(commit, passed));
  };
  const { exitCode } = await runGit(
    [`--git-dir=${mirror}`, 'ls-tree', '-r', '-t', '-l', '-z', '--full-tree', commit],
    {
      onStdout,
      doing: 'counted the files of the commit',
      signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
    },
  );
  // Git may have ended before it could be ended.
  enough.signal.throwIfAborted();
  return exitCode === 0 ? census : undefined;
}

/** `mode type id size<tab>path`; the size of what is no file is `-`. */
function addEntry(census: Census, line: string): void {
  const tab = line.indexOf('\t');
  const size = Number(line.slice(line.lastIndexOf(' ', tab) + 1, tab));
  const bytes = Number.isSafeInteger(size) ? size : 0;
  census.entries += 1;
  census.bytes += Math.max(1, Math.ceil((bytes + line.length - tab) / BLOCK_BYTES)) * BLOCK_BYTES;
  if (!line.startsWith('100')) return;
  const id = line.slice(12, line.indexOf(' ', 12));
  if (/(?:^|[\t/])\.gitattributes$/.test(line)) {
    if (bytes <= MAX_ATTRIBUTES_BYTES && census.attributes.length < MAX_ATTRIBUTES)
      census.attributes.push(id);
  } else if (bytes >= POINTER_BYTES.least && bytes <= POINTER_BYTES.most)
    census.small.set(id, (census.small.get(id) ?? 0) + 1);
}

function passedLimit(
  { entries, bytes }: Census,
  limits: RepositoryLimits,
): { what: string; limit: string; option: string } | undefined {
  if (entries > limits.entries)
    return { what: 'files and directories', limit: String(limits.entries), option: 'CHECKOUT_ENTRIES' };
  if (bytes > limits.checkoutBytes)
    return { what: 'bytes', limit: String(limits.checkoutBytes), option: 'CHECKOUT_BYTES' };
  return undefined;
}

/** Contents are read in portions of this many, so that no answer is longer than what is kept of one. */
const AT_ONCE = 20_000;

const POINTER = /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\n/;

/** How many files of a commit are pointers of Git LFS, whose contents no clone has; nothing is read where no attribute names it. */
export async function countPointers(
  mirror: string,
  { attributes, small }: Census,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (attributes.length === 0 || small.size === 0) return 0;
  const texts = await readContents(mirror, attributes, signal);
  if (![...texts.values()].some((text) => /\bfilter=lfs\b/.test(text))) return 0;
  const ids = [...small.keys()];
  let pointers = 0;
  for (let at = 0; at < ids.length; at += AT_ONCE)
    for (const [id, text] of await readContents(mirror, ids.slice(at, at + AT_ONCE), signal))
      if (POINTER.test(text)) pointers += small.get(id) ?? 0;
  return pointers;
}

async function readContents(
  mirror: string,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const chunks: Buffer[] = [];
  await runGit([`--git-dir=${mirror}`, 'cat-file', '--buffer', '--batch=%(objectname) %(objectsize)'], {
    input: ids.map((id) => `${id}\n`).join(''),
    onStdout: (chunk) => void chunks.push(chunk),
    ...(signal === undefined ? {} : { signal }),
  });
  const answer = Buffer.concat(chunks).toString('latin1');
  const texts = new Map<string, string>();
  for (let at = 0; at < answer.length; ) {
    const end = answer.indexOf('\n', at);
    const [id = '', size = ''] = answer.slice(at, end).split(' ');
    const length = Number(size);
    if (end === -1 || !Number.isSafeInteger(length)) break;
    texts.set(id, answer.slice(end + 1, end + 1 + length));
    at = end + 1 + length + 1;
  }
  return texts;
}
