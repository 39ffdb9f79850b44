import { InvalidArgumentError } from 'commander';
import { FlowError } from '../../base/errors.ts';

/** Something was asked wrongly: exit code 2. */
export function usage(message: string, hint: string): FlowError {
  return new FlowError({ code: 'usage', blame: 'operator', message, hint });
}

/** Parses `--limit`: a whole number from 1 to 10,000. */
export function limitOption(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 10_000) throw new InvalidArgumentError('It takes a whole number from 1 to 10000.');
  return limit;
}

/** Parses an id that GitHub gives: a whole number above 0. */
export function idOption(text: string): number {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(id)) throw new InvalidArgumentError('It takes a whole number above 0.');
  return id;
}

/** Parses `--attempt`: a whole number from 1. */
export function attemptOption(text: string): number {
  const attempt = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (attempt < 1) throw new InvalidArgumentError('It takes a whole number from 1.');
  return attempt;
}

/** Parses `--installation-id`: an id, or `any`. */
export function installationOption(text: string): number | 'any' {
  return text === 'any' ? text : idOption(text);
}

/** Refuses what cannot be the `owner/name` of a repository. */
export function checkRepository(repository: string): void {
  if (/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(repository)) return;
  throw usage(
    `--repository is ${JSON.stringify(repository.slice(0, 200))}.`,
    `Write it as owner/name${repositoryIn(repository)}.`,
  );
}

/** What a URL of a repository, or a name with `.git`, stands for. */
function repositoryIn(text: string): string {
  const [, owner, name] = /(?:^|[/:])([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/.exec(text) ?? [];
  return owner === undefined || !/[:@]/.test(text) ? '' : `: ${owner}/${name}`;
}
