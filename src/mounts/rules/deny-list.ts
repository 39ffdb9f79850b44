import { globSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { LRUCache } from 'lru-cache';
import { type FlowError, systemCode } from '../../base/errors.ts';
import { ancestors } from '../../base/files.ts';
import { NO_POLICY, type Policy } from '../../policy/policy.ts';
import type { MountHost } from '../mount.ts';
import table from './deny-list.json' with { type: 'json' };
import { engineSockets, servingSockets } from './engine-sockets.ts';
import { namePattern, type PathPattern, pathPattern } from './path-pattern.ts';
import { followLinks } from './resolve.ts';

/**
 * One entry of deny-list.json. What `match` holds depends on `kind`: `path` absolute paths, `home` paths in every
 * home, `setting` directories that the configuration names (`secretsDir/service` is below one), `name` names that a
 * path may have anywhere, `socket` such names too, whose directories are denied as well; `listener` every socket that a
 * program of the host serves; `content` names of files that are no source and in no source (`below.ts` reads some).
 *
 * The path itself is always denied; `above` and `below` deny what contains it and what it contains; `except`
 * are names directly in it that may be delivered as copies, as the names of agents may there; `copies` lets these names lie in another denied place,
 * `own` a run's own directories, and `policy` what the admin's policy lists.
 */
export type DenyEntry = {
  kind: 'path' | 'home' | 'setting' | 'name' | 'socket' | 'listener' | 'content';
  match: readonly string[];
  above?: boolean;
  below?: boolean;
  own?: boolean;
  copies?: boolean;
  policy?: boolean;
  except?: readonly string[];
  reason: string;
};

/** An entry for one place of this host; `path` is how a message calls it, `absent` that nothing is there now. */
export type DenyRule = { entry: DenyEntry; path: string; pattern: PathPattern; absent?: boolean };

/** An entry for one name that may stand anywhere. */
export type NameRule = { entry: DenyEntry; name: string; pattern: string | RegExp };

/** The deny-list of one host at one moment: links and mounts of the host are looked up when it is loaded. */
export type DenyList = {
  places: readonly DenyRule[];
  names: readonly NameRule[];
  /** Denied directories and files that are there, and what holds them, by device and inode. */
  same: ReadonlyMap<string, readonly DenyRule[]>;
  holding: ReadonlyMap<string, readonly DenyRule[]>;
  /** What the policy adds to what may be mounted. */
  policy: Policy;
  /** The names of agents, whose states lie in a secrets directory. */
  states: readonly string[];
  /** What was found in sources that were searched, by their real path, so that one list searches each once. */
  searched: Map<string, FlowError | undefined>;
};

/** The table as it stands in deny-list.json, in the order in which reasons are given. */
export const DENY_TABLE = table as readonly DenyEntry[];

/**
 * The deny-list for this host: every entry for every home and setting, on the path as configured and on the real
 * path of what is there. Takes a few milliseconds; one list serves any number of mounts checked at the same time.
 */
export function loadDenyList(host: MountHost): DenyList {
  const paths = withRealPaths([...host.homes, '/root', ...globSync('/home/*')]);
  const homes = [
    ...paths.map((path) => ({ path, names: listNames(path) })),
    { path: '/home/*', names: new Set<string>() },
  ];
  const places = DENY_TABLE.flatMap((entry) => placesOf(entry, host, homes));
  const policy = host.policy?.() ?? NO_POLICY;
  const names = DENY_TABLE.flatMap(namesOf);
  const states = host.agents.map(({ name }) => name);
  return { places, names, ...identities(places), policy, states, searched: new Map() };
}

/** What makes two paths the same file whatever they are called, or undefined when nothing can be seen there. */
export function fileId(path: string): string | undefined {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && `${stats.dev}:${stats.ino}`;
  } catch {
    return undefined;
  }
}

/** A home and the names in it; undefined when they may not be listed, empty when nothing is there. */
type Home = { path: string; names: ReadonlySet<string> | undefined };

function placesOf(entry: DenyEntry, host: MountHost, homes: readonly Home[]): DenyRule[] {
  switch (entry.kind) {
    case 'path':
      return entry.match.flatMap((path) => [rule(entry, path), ...realRules(entry, whatIsThere(path))]);
    case 'home':
      return homes.flatMap((home) => homeRules(entry, home));
    case 'setting':
      return entry.match.flatMap((setting) => settingRules(entry, setting, host));
    case 'socket':
      return engineSockets(entry.match).flatMap((path) => [rule(entry, path), ...realRules(entry, [path])]);
    case 'listener':
      return servingSockets().flatMap((path) => [rule(entry, path), ...realRules(entry, [path])]);
    case 'name':
    case 'content':
      return [];
  }
}

/** The existing paths of a pattern. Most have no star, and matching a pattern is slow. */
function whatIsThere(path: string): string[] {
  if (/[*?[{]/.test(path)) return globSync(path);
  return fileId(path) === undefined ? [] : [path];
}

/** Homes have hundreds of entries, nearly none of which is there: only those that are get looked at. */
function homeRules(entry: DenyEntry, home: Home): DenyRule[] {
  return namesInHome(entry, home.path).flatMap(({ name, there, absent }) =>
    (home.names?.has(name) ?? true) ? [there, ...realRules(entry, [there.path])] : absent,
  );
}

/** The rules of one name of an entry in a home, for when it is there and for when it is not; `name` is what the home would list. */
type HomeName = { name: string; there: DenyRule; absent: DenyRule };

/** More homes than this are not kept. */
const MAX_HOMES = 300;

const homeNames = new WeakMap<DenyEntry, LRUCache<string, readonly HomeName[]>>();

/** Kept, since they depend on nothing but the words: a list is made several times in each run, of thousands of these. */
function namesInHome(entry: DenyEntry, home: string): readonly HomeName[] {
  const ofEntry = homeNames.get(entry) ?? new LRUCache<string, readonly HomeName[]>({ max: MAX_HOMES });
  const known = ofEntry.get(home);
  if (known) return known;
  const made = entry.match.map((name) => {
    const there = rule(entry, posix.join(home, name).replace(/(.)\/$/, '$1'));
    return { name: name.split('/')[0] ?? '', there, absent: { ...there, absent: name !== '.' } };
  });
  homeNames.set(entry, ofEntry.set(home, made));
  return made;
}

function settingRules(entry: DenyEntry, setting: string, host: MountHost): DenyRule[] {
  const [key = '', ...below] = setting.split('/');
  const value = host[key as 'varDir' | 'appDirs' | 'engineSocket'];
  const paths = (Array.isArray(value) ? value : [value]).filter((path) => typeof path === 'string');
  const full = withRealPaths(paths).map((path) => posix.join(path, ...below));
  return full.flatMap((path) => [rule(entry, path), ...realRules(entry, [path])]);
}

/** Settings and sockets are compared letter by letter: a neighbour that differs in case only is another directory. */
function rule(entry: DenyEntry, path: string): DenyRule {
  return { entry, path, pattern: pathPattern(path, !['setting', 'listener'].includes(entry.kind)) };
}

/** Rules for where paths really lead; none for a path that is its own real path. */
function realRules(entry: DenyEntry, paths: readonly string[]): DenyRule[] {
  return withRealPaths(paths)
    .filter((path) => !paths.includes(path))
    .map((path) => rule(entry, path));
}

function withRealPaths(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => [posix.resolve('/', path), ...realPath(path)]))];
}

/** One call for what is there, which nearly every path is; step by step only where a link leads to nothing. */
function realPath(path: string): string[] {
  try {
    return [realpathSync.native(path)];
  } catch {}
  try {
    return [followLinks(path).real];
  } catch {
    return [];
  }
}

function namesOf(entry: DenyEntry): NameRule[] {
  if (entry.kind !== 'name' && entry.kind !== 'socket') return [];
  return entry.match.map((name) => ({ entry, name, pattern: namePattern(name) }));
}

function listNames(directory: string): Set<string> | undefined {
  try {
    return new Set(readdirSync(directory));
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? new Set() : undefined;
  }
}

function identities(places: readonly DenyRule[]): Pick<DenyList, 'same' | 'holding'> {
  const same = new Map<string, DenyRule[]>();
  const holding = new Map<string, DenyRule[]>();
  const ids = new Map<string, string | undefined>();
  const idOf = (path: string): string | undefined => {
    if (!ids.has(path)) ids.set(path, fileId(path));
    return ids.get(path);
  };
  for (const rule of places) {
    const itself = rule.absent ? undefined : idOf(rule.path);
    if (itself === undefined) continue;
    add(same, itself, rule);
    if (!rule.entry.above) continue;
    for (const directory of ancestors(rule.path).slice(1)) add(holding, idOf(directory), rule);
  }
  return { same, holding };
}

function add(map: Map<string, DenyRule[]>, id: string | undefined, rule: DenyRule): void {
  if (id === undefined) return;
  const rules = map.get(id);
  if (rules) rules.push(rule);
  else map.set(id, [rule]);
}
