import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changesInvalid } from '../errors.ts';
import type { GitReader } from '../git-reader.ts';
import { commitId, formatCommit, parseCommit } from '../judge/commit-object.ts';
import { harmlessMessage } from '../judge/harmless-message.ts';
import type { NewCommit } from '../judge/new-commits.ts';
import { readCommits } from '../judge/read-objects.ts';

/** Where rewritten commits are written before git takes them in. */
type Place = { reader: GitReader; dir: string };

/** Signatures hold for the very bytes of a commit. */
const SIGNATURE = /^(?:gpgsig|gpgsig-sha256) /;

/**
 * Makes the messages of an agent's commits harmless, and gives the commit that they end in now and how many were
 * reworded. A commit whose message is harmless already, and that stands on no reworded one, stays as it is, signature
 * included. `commits` are in the order of `listNew`. Throws `changes_invalid`, `changes_too_large`.
 */
export async function reword(
  { reader, dir }: Place,
  commits: readonly NewCommit[],
  tip: string,
): Promise<{ tip: string; reworded: number }> {
  const objects = await readCommits(
    reader,
    commits.map(({ id }) => id),
  );
  const renamed = new Map<string, string>();
  const written = new Map<string, string>();
  let reworded = 0;
  for (const [index, { id, parents }] of commits.entries()) {
    const { headers, message } = objects[index] ?? parseCommit('');
    const harmless = harmlessMessage(message);
    if (harmless !== message) reworded += 1;
    else if (!parents.some((parent) => renamed.has(parent))) continue;
    const raw = formatCommit({ headers: withParents(unsigned(headers), renamed), message: harmless });
    renamed.set(id, commitId(raw));
    written.set(commitId(raw), raw);
  }
  await writeCommits({ reader, dir }, written);
  return { tip: renamed.get(tip) ?? tip, reworded };
}

function withParents(headers: readonly string[], renamed: ReadonlyMap<string, string>): string[] {
  return headers.map((line) => {
    const parent = /^parent ([0-9a-f]{40})$/.exec(line)?.[1];
    return parent === undefined ? line : `parent ${renamed.get(parent) ?? parent}`;
  });
}

/** Without signatures; their further lines begin with a space. */
function unsigned(headers: readonly string[]): string[] {
  let isDropping = false;
  return headers.filter((line) => {
    isDropping = SIGNATURE.test(line) || (isDropping && line.startsWith(' '));
    return !isDropping;
  });
}

async function writeCommits({ reader, dir }: Place, commits: ReadonlyMap<string, string>): Promise<void> {
  if (commits.size === 0) return;
  const files: string[] = [];
  for (const [id, raw] of commits) {
    files.push(join(dir, `commit-${id}`));
    await writeFile(join(dir, `commit-${id}`), raw, 'latin1');
  }
  const args = ['hash-object', '-w', '-t', 'commit', '--no-filters', '--stdin-paths'];
  const ids = (await reader.text({ args, input: files })).trim().split('\n');
  if (ids.join() !== [...commits.keys()].join())
    throw changesInvalid('a commit that was reworded got another id');
}
