import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { confinedGit } from './confined-git.ts';
import { changesInvalid, changesTooLarge } from './errors.ts';

/** More text than this about what changed is never read. */
const MAX_LISTING_BYTES = 32 * 1024 * 1024;

/** What git is asked: `input` is a file, or lines; `accepts` are exit codes that are answers besides 0. */
type Question = {
  args: readonly string[];
  input?: string | readonly string[];
  accepts?: readonly number[];
};

/** Asks git, within limits, about one repository that an agent wrote objects of. */
export type AskGit = {
  /** Gives the file that the answer lies in. Throws `changes_invalid`, `changes_too_large`. */
  file(question: Question): Promise<string>;
  /** Gives the answer, one character for each byte unless it is asked for as UTF-8. Throws the same. */
  text(question: Question, encoding?: 'utf8' | 'latin1'): Promise<string>;
};

/** Answers lie in `dir`, in files that are named anew each time; `signal` ends what goes on. */
export function createAskGit(repository: string, dir: string, signal?: AbortSignal): AskGit {
  let files = 0;
  const nextFile = (): string => {
    files += 1;
    return join(dir, `told-${files}`);
  };
  const inputFile = async (input: string | readonly string[]): Promise<string> => {
    if (typeof input === 'string') return input;
    const file = nextFile();
    await writeFile(file, input.map((line) => `${line}\n`).join(''), 'latin1');
    return file;
  };
  const ask: AskGit['file'] = async ({ args, input, accepts = [] }) => {
    const output = nextFile();
    const ends = input === undefined ? { output } : { input: await inputFile(input), output };
    const limits = { accepts, ...(signal === undefined ? {} : { signal }) };
    await confinedGit([`--git-dir=${repository}`, ...args], ends, changesInvalid, limits);
    return output;
  };
  return {
    file: ask,
    async text(question, encoding = 'latin1') {
      const file = await ask(question);
      if ((await stat(file)).size > MAX_LISTING_BYTES)
        throw changesTooLarge(
          `the list of what they change is longer than ${MAX_LISTING_BYTES / 1024 ** 2} MiB`,
        );
      return await readFile(file, encoding);
    },
  };
}
