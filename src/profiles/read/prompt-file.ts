import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { type Issue, systemCode } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { nearMiss } from '../../base/words.ts';
import { readText } from './read-text.ts';

/** A prompt template that was found: its real path, and its text. */
export type PromptFile = { path: string; text: string };

/** The template that `ref` in the fragment `file` names; an error when it is not there, unreadable, or outside `dir` by name or by a link. */
export async function findPrompt(
  dir: string,
  file: string,
  ref: string,
): Promise<{ prompt: PromptFile } | { issue: Issue }> {
  const literal = resolve(dirname(file), ref);
  if (isAbsolute(ref) || !isInside(resolve(dir), literal))
    return { issue: promptOutside(file, ref, literal) };
  try {
    const real = await realpath(literal);
    if (!isInside(await realpath(dir), real)) return { issue: promptOutside(file, ref, real) };
    const read = await readText(real);
    if ('text' in read) return { prompt: { path: real, text: read.text } };
    return {
      issue:
        read.why === 'missing'
          ? await promptMissing(file, ref, literal)
          : promptUnreadable(file, ref, read.detail),
    };
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { issue: await promptMissing(file, ref, literal) };
    const detail = code === 'ELOOP' ? 'its symbolic links go in a circle' : `the system says ${code}`;
    return { issue: promptUnreadable(file, ref, detail) };
  }
}

const PATH = '/execution/handler/promptRef';

async function promptMissing(file: string, ref: string, literal: string): Promise<Issue> {
  const beside = await readdir(dirname(literal)).catch(() => []);
  const near = nearMiss(
    basename(literal),
    beside.filter((name) => name !== 'profile.json'),
  );
  const meant = near === undefined ? '' : `Did you mean "${near}", which is there? If not: `;
  return {
    code: 'prompt_missing',
    file,
    path: PATH,
    message: `The prompt "${ref}" of ${file} is not there: ${literal} does not exist.`,
    hint: `${meant}Write the prompt to ${literal}, or correct promptRef; it is relative to the folder of the file that sets it.`,
  };
}

function promptOutside(file: string, ref: string, target: string): Issue {
  return {
    code: 'prompt_outside',
    file,
    path: PATH,
    message: `The prompt "${ref}" of ${file} is ${target}, which is outside the profiles directory.`,
    hint: 'Put the prompt into the profiles directory and name it by a relative path.',
  };
}

function promptUnreadable(file: string, ref: string, detail: string): Issue {
  return {
    code: 'prompt_unreadable',
    file,
    path: PATH,
    message: `The prompt "${ref}" of ${file} cannot be used: ${detail}.`,
    hint: "A prompt is a regular UTF-8 file of at most 1 MiB that the service's user may read.",
  };
}
