import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../base/bytes.ts';
import { confinedGit } from './confined-git.ts';
import { changesInvalid, changesTooLarge } from './errors.ts';

/** The longest output that is read as text. */
const MAX_LISTING_BYTES = 32 * 1024 * 1024;

/** A command of git: `input` is a file, or lines; exit codes in `accepts` count as success besides 0. */
type GitQuestion = {
  args: readonly string[];
  input?: string | readonly string[];
  accepts?: readonly number[];
};

/** Reads, within limits, one repository that an agent wrote objects of. */
export type GitReader = {
  /** Gives the file with the output. Throws `changes_invalid`, `changes_too_large`. */
  file(question: GitQuestion): Promise<string>;
  /** Gives the output, one character for each byte unless `encoding` is UTF-8. Throws the same. */
  text(question: GitQuestion, encoding?: 'utf8' | 'latin1'): Promise<string>;
};

/** Outputs go to new files in `dir`; `signal` ends the running git. */
export function createGitReader(repository: string, dir: string, signal?: AbortSignal): GitReader {
  let files = 0;
  const nextFile = (): string => {
    files += 1;
    return join(dir, `answer-${files}`);
  };
  const inputFile = async (input: string | readonly string[]): Promise<string> => {
    if (typeof input === 'string') return input;
    const file = nextFile();
    await writeFile(file, input.map((line) => `${line}\n`).join(''), 'latin1');
    return file;
  };
  const read: GitReader['file'] = async ({ args, input, accepts = [] }) => {
    const output = nextFile();
    const ends = input === undefined ? { output } : { input: await inputFile(input), output };
    const limits = { accepts, ...(signal === undefined ? {} : { signal }) };
    await confinedGit([`--git-dir=${repository}`, ...args], ends, changesInvalid, limits);
    return output;
  };
  return {
    file: read,
    async text(question, encoding = 'latin1') {
      const file = await read(question);
      if ((await stat(file)).size > MAX_LISTING_BYTES)
        throw changesTooLarge(
          `the list of what they change is longer than ${formatBytes(MAX_LISTING_BYTES)}`,
        );
      return await readFile(file, encoding);
    },
  };
}
