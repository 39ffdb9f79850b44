/** A path of the deny-list, name by name; `*` in a name stands for anything but a slash. */
export type PathPattern = { names: readonly NamePattern[]; folded: boolean };

type NamePattern = string | RegExp;

/** How a path lies to a pattern: the same, above it, or below it with the names in between. */
export type Relation = { is: 'same' | 'above' } | { is: 'below'; rest: readonly string[] };

/** A path as names, as they are and folded. */
export type PathNames = { exact: readonly string[]; folded: readonly string[] };

/** Makes a pattern of an absolute, normal path. A folded one takes names that differ in case or Unicode form only. */
export function pathPattern(path: string, folded: boolean): PathPattern {
  return { names: split(path).map((name) => namePattern(folded ? foldName(name) : name)), folded };
}

/** Makes a pattern of one name that may hold stars. */
export function namePattern(name: string): NamePattern {
  if (!name.includes('*')) return name;
  const parts = name.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su');
}

/** The names of an absolute, normal path. */
export function pathNames(path: string): PathNames {
  const exact = split(path);
  return { exact, folded: exact.map(foldName) };
}

/** Whether a name matches the pattern. */
export function isNamed(pattern: NamePattern, name: string): boolean {
  return typeof pattern === 'string' ? pattern === name : pattern.test(name);
}

/** How a path lies to a pattern, or undefined when neither is above the other. */
export function relate(pattern: PathPattern, path: PathNames): Relation | undefined {
  const names = pattern.folded ? path.folded : path.exact;
  const common = Math.min(names.length, pattern.names.length);
  for (let index = 0; index < common; index += 1) {
    if (!isNamed(pattern.names[index] ?? '', names[index] ?? '')) return undefined;
  }
  if (names.length === pattern.names.length) return { is: 'same' };
  if (names.length < pattern.names.length) return { is: 'above' };
  return { is: 'below', rest: path.exact.slice(common) };
}

/** A name in the form that file systems which ignore case and Unicode's forms would give it. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}
