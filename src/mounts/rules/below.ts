import { type Dir, type Dirent, lstatSync, opendirSync } from 'node:fs';
import { posix } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { FlowError, systemCode } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { heldDenied, sourceTooLarge } from '../errors.ts';
import { DENY_TABLE, type DenyEntry, type DenyList } from './deny-list.ts';
import { holdsNoSecret } from './harmless-content.ts';
import { foldName, isNamed, namePattern, pathNames } from './path-pattern.ts';
import type { ResolvedPath } from './resolve.ts';

/** How much of a source is looked at: entries in all, directories in each other, milliseconds. */
type SearchBounds = { entries: number; depth: number; ms: number };

/** The service stands still while it searches: a tenth of a second for as many entries as this. */
const BOUNDS: SearchBounds = { entries: 25_000, depth: 32, ms: 2_000 };

type Search = {
  source: string;
  list: DenyList;
  bounds: SearchBounds;
  device: number;
  seen: number;
  untilMs: number;
  /** The policy answers for the rest, also for what is beyond the bounds. */
  socketsOnly: boolean;
};

/** A directory on the way down, and its names from the root on, folded. */
type Place = { path: string; names: readonly string[]; depth: number };

/** Files of packages are the same on every host, also the keys in their examples. */
const PACKAGES = '/usr';
const NOT_PACKAGES = '/usr/local';

/**
 * Searches what a source holds for names of the deny-list and for sockets, because a bind shows all of it. Links are
 * not followed, other file systems are not entered, and neither is what the service may not read: then no run of its
 * user may. What packages brought is not searched. In what the policy lists as unsearched or as writable only sockets
 * count, as far as the bounds reach. Throws `mount_denied` with the path that was found, and `mount_too_large_to_search`.
 */
export function searchBelow(
  source: string,
  resolved: ResolvedPath,
  list: DenyList,
  bounds: SearchBounds = BOUNDS,
): void {
  const { real, stats } = resolved;
  if (!stats || isOfPackages(real)) return;
  if (!list.searched.has(real)) {
    const untilMs = systemClock.passed() + bounds.ms;
    const socketsOnly = isVouchedFor(list, real);
    const search = { source, list, bounds, device: stats.dev, seen: 0, untilMs, socketsOnly };
    list.searched.set(real, errorOf(search, real, stats.isDirectory()));
  }
  const issue = list.searched.get(real);
  if (issue) throw issue;
}

function isOfPackages(real: string): boolean {
  return isInside(PACKAGES, real) && !isInside(NOT_PACKAGES, real);
}

function isVouchedFor({ policy }: DenyList, real: string): boolean {
  const vouched = policy.mounts.filter(({ writable, unsearched }) => writable || unsearched);
  return vouched.some(({ source }) => isInside(source, real));
}

function errorOf(search: Search, real: string, isDirectory: boolean): FlowError | undefined {
  try {
    const names = pathNames(real).folded;
    if (isDirectory) walk(search, { path: real, names, depth: 1 });
    else refuseNamed(search, { path: real, names, isFile: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    return search.socketsOnly && error.code === 'mount_too_large_to_search' ? undefined : error;
  }
}

function walk(search: Search, place: Place): void {
  const { source, list, bounds } = search;
  if (place.depth > bounds.depth && search.socketsOnly) return;
  if (place.depth > bounds.depth)
    throw sourceTooLarge(source, `more than ${bounds.depth} directories lie in each other`, list.policy);
  for (const item of entriesOf(place.path)) {
    search.seen += 1;
    if (search.seen > bounds.entries)
      throw sourceTooLarge(source, `it holds more than ${bounds.entries} entries`, list.policy);
    if (systemClock.passed() > search.untilMs)
      throw sourceTooLarge(source, `to look takes more than ${bounds.ms / 1000} s`, list.policy);
    const path = posix.join(place.path, item.name);
    const names = [...place.names, foldName(item.name)];
    if (item.isSocket()) throw heldDenied(source, path, 'a socket of the host is never mounted');
    refuseNamed(search, { path, names, isFile: item.isFile() });
    if (item.isDirectory() && isEntered(search, path)) walk(search, { path, names, depth: place.depth + 1 });
  }
}

/** An entry of kind `content` counts for files alone: the target of a link is checked by itself. */
function refuseNamed(
  { source, list, socketsOnly }: Search,
  { path, names, isFile }: { path: string; names: readonly string[]; isFile: boolean },
): void {
  if (socketsOnly) return;
  const denied = deniedEndings(names).find(
    ({ entry }) => entry.kind !== 'content' || (isFile && !holdsNoSecret(path)),
  );
  if (denied) throw heldDenied(source, path, denied.entry.reason, list.policy);
}

function isEntered({ device }: Search, directory: string): boolean {
  try {
    return lstatSync(directory).dev === device;
  } catch {
    return false;
  }
}

function* entriesOf(path: string): Generator<Dirent> {
  const directory = opened(path);
  if (!directory) return;
  try {
    for (let item = directory.readSync(); item; item = directory.readSync()) yield item;
  } finally {
    directory.closeSync();
  }
}

/** Undefined for what is gone meanwhile, or may not be read. */
function opened(path: string): Dir | undefined {
  try {
    return opendirSync(path, { bufferSize: 1024 });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** The names at the end of a path that an entry of the deny-list denies in every source: `.ssh`; `.config`, `gh`. */
type Ending = { entry: DenyEntry; names: readonly (string | RegExp)[] };

/** Entries below a home are denied in a copy of it too, but not those that also hold harmless files: a home itself, its `.config`. */
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
function deniedEndings(names: readonly string[]): Ending[] {
  const last = names.at(-1) ?? '';
  const exact = BY_LAST_NAME.get(last) ?? [];
  const candidates = ANY_PATTERN.test(last) ? [...exact, ...WITH_PATTERN] : exact;
  return candidates.filter((ending) => isEnd(ending, names));
}

function isEnd({ names }: Ending, path: readonly string[]): boolean {
  const start = path.length - names.length;
  return start >= 0 && names.every((name, at) => isNamed(name, path[start + at] ?? ''));
}
