import { isObject } from '../../base/json.ts';
import type { Fragment, FragmentSettings } from './fragment.ts';

/** The fragments on one path, from the root down; what a profile is made of. */
export type Line = readonly [Fragment, ...Fragment[]];

/** The settings of a line of fragments: objects merge deeply, scalars and lists of the nearest fragment replace. */
export function mergeLine(line: Line): FragmentSettings {
  return line.reduce<unknown>(
    (merged, fragment) => mergeDeep(merged, fragment.settings),
    {},
  ) as FragmentSettings;
}

/** The file of the nearest fragment that sets something at `path`, or the nearest of all when none does. */
export function originOf(line: Line, path: readonly string[]): string {
  const nearestFirst = [...line].reverse();
  const found = nearestFirst.find((fragment) => at(fragment.settings, path) !== undefined);
  return (found ?? nearestFirst[0] ?? line[0]).file;
}

/** The fragments above each folder, itself last; a folder without a profile.json on the way adds nothing. */
export function linesOf(fragments: readonly Fragment[]): Line[] {
  const byFolder = new Map(fragments.map((fragment) => [fragment.folder, fragment]));
  return fragments.map((own) => {
    const above = foldersAbove(own.folder).flatMap((folder) => byFolder.get(folder) ?? []);
    const [first, ...rest] = [...above, own];
    return [first ?? own, ...rest];
  });
}

/** `a/b/c` has `.`, `a` and `a/b` above it. */
export function foldersAbove(folder: string): string[] {
  if (folder === '.') return [];
  const names = folder.split('/');
  return ['.', ...names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'))];
}

/** Spreading defines own properties, so that even a key named `__proto__` is only data. */
function mergeDeep(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(base, key) ? mergeDeep(base[key], value) : value;
    Object.defineProperty(merged, key, {
      value: below,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return merged;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce(
    (inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}
