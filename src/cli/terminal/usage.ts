import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { FlowError } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An error in the command line: exit code 2. */
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
  throw usage(`--repository is ${quoted(repository)}.`, `Write it as owner/name${repositoryIn(repository)}.`);
}

/** The `owner/name` in a URL of a repository, or in a name with `.git`. */
function repositoryIn(text: string): string {
  const [, owner, name] = /(?:^|[/:])([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/.exec(text) ?? [];
  return owner === undefined || !/[:@]/.test(text) ? '' : `: ${owner}/${name}`;
}

/** Parses `--since`: how long ago (`90m`, `6h`, `2d`), or a moment in ISO 8601; gives milliseconds since 1970. */
export function sinceOption(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? [];
  if (count !== undefined) return systemClock.now() - Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(at) || at > systemClock.now())
    throw new InvalidArgumentError(
      'It takes a duration such as 90m, 6h or 2d, or a past time such as 2026-01-31T08:00Z.',
    );
  return at;
}
