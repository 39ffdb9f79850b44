import { DENY_TABLE, type DenyEntry } from './deny-list.ts';
import { foldName, isNamed, namePattern } from './path-pattern.ts';

/** The names at the end of a path that an entry of the deny-list denies in every source: `.ssh`; `.config`, `gh`. */
export type Ending = { entry: DenyEntry; names: readonly (string | RegExp)[] };

/** What lies in a home lies in a copy of one too. Not so what holds much besides: a home itself, its `.config`. */
const ENDINGS: readonly Ending[] = DENY_TABLE.filter(
  ({ kind, below }) =>
    kind === 'name' || kind === 'socket' || kind === 'content' || (kind === 'home' && below),
).flatMap((entry) =>
  entry.match.map((match) => ({ entry, names: match.split('/').map((name) => namePattern(foldName(name))) })),
);

const BY_LAST_NAME = Map.groupBy(ENDINGS, ({ names }) => names.at(-1) ?? '');

const WITH_PATTERN = ENDINGS.filter(({ names }) => typeof names.at(-1) !== 'string');

/** One pattern for the last names of all of these, because nearly no name has any of them. */
const ANY_PATTERN = new RegExp(
  WITH_PATTERN.flatMap(({ names }) => names.slice(-1))
    .map((name) => (name instanceof RegExp ? `(?:${name.source})` : '(?!)'))
    .join('|'),
  'su',
);

/** The entries that deny a path by its end; its names are folded, the last one last. */
export function deniedEndings(names: readonly string[]): Ending[] {
  const last = names.at(-1) ?? '';
  const exact = BY_LAST_NAME.get(last) ?? [];
  const candidates = ANY_PATTERN.test(last) ? [...exact, ...WITH_PATTERN] : exact;
  return candidates.filter((ending) => isEnd(ending, names));
}

function isEnd({ names }: Ending, path: readonly string[]): boolean {
  const start = path.length - names.length;
  return start >= 0 && names.every((name, at) => isNamed(name, path[start + at] ?? ''));
}
