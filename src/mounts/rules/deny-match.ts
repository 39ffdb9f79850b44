import { posix } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { ancestors, isInside } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import { type DenyEntry, type DenyList, type DenyRule, fileId } from './deny-list.ts';
import { isNamed, type PathNames, pathNames, type Relation, relate } from './path-pattern.ts';
import type { ResolvedPath } from './resolve.ts';

/** What a source is wanted for: `copy` may be one of the excepted names, `own` is the run's own directory. */
export type SourcePurpose = 'bind' | 'copy' | 'own';

type Denial = { entry: DenyEntry; path: string; how: string };

/**
 * Checks the source of a mount against the deny-list: as written, after each link, and by the identity of the real
 * file, so that another name for a denied directory (a mount of the host, other letters where case does not count) is
 * found too. Throws `mount_denied` with the entry's reason.
 */
export function refuseDenied(
  source: string,
  resolved: ResolvedPath,
  list: DenyList,
  purpose: SourcePurpose,
): void {
  for (const spelling of resolved.spellings) {
    const names = pathNames(spelling);
    const denial = deniedByName(names, list, purpose) ?? deniedByPlace(spelling, names, list, purpose);
    if (denial) throw denied(source, spelling, denial, list);
  }
  const same = deniedByIdentity(resolved.real, list, purpose);
  if (same) throw denied(source, resolved.real, same, list);
}

/** The names below a secrets directory that lead to the source: `['gh-token']`; `[]` for the directory itself, undefined outside. */
export function insideSecrets(resolved: ResolvedPath, list: DenyList): readonly string[] | undefined {
  const rules = list.places.filter(({ entry }) => entry.except !== undefined);
  for (const spelling of resolved.spellings) {
    const names = pathNames(spelling);
    for (const { pattern } of rules) {
      const relation = relate(pattern, names);
      if (relation?.is === 'below') return relation.rest;
      if (relation?.is === 'same') return [];
    }
  }
  return undefined;
}

function deniedByName(path: PathNames, list: DenyList, purpose: SourcePurpose): Denial | undefined {
  if (purpose === 'own') return undefined;
  const rule = list.names.find(({ pattern }) => path.folded.some((name) => isNamed(pattern, name)));
  return rule && { entry: rule.entry, path: rule.name, how: `a part of it is named ${rule.name}` };
}

function deniedByPlace(
  spelling: string,
  path: PathNames,
  list: DenyList,
  purpose: SourcePurpose,
): Denial | undefined {
  const mountable = purpose === 'copy' && isMountableCredential(spelling, path, list);
  const found = list.places.flatMap((rule) => {
    const relation = relate(rule.pattern, path);
    if (!relation || !denies(list, rule.entry, relation, purpose)) return [];
    if (isWidened(list, rule.entry, spelling, relation, purpose)) return [];
    return mountable && rule.entry.copies ? [] : [{ rule, relation }];
  });
  const first = ['same', 'below', 'above'].flatMap((is) =>
    found.filter(({ relation }) => relation.is === is),
  )[0];
  return first && denialOf(first.rule, first.relation);
}

function deniedByIdentity(real: string, list: DenyList, purpose: SourcePurpose): Denial | undefined {
  const mountable = purpose === 'copy' && isMountableCredential(real, pathNames(real), list);
  const isDenied = ({ entry }: DenyRule, relation: Relation): boolean =>
    denies(list, entry, relation, purpose) && !isWidened(list, entry, real, relation, purpose);
  for (const directory of ancestors(real)) {
    const id = fileId(directory) ?? '';
    const relation = lies(real, directory);
    const same = list.same
      .get(id)
      ?.find((rule) => isDenied(rule, relation) && !(mountable && rule.entry.copies));
    if (same) return denialOf(same, relation);
    const above: Relation = { is: 'above' };
    const contained = directory === real && list.holding.get(id)?.find((rule) => isDenied(rule, above));
    if (contained) return denialOf(contained, above);
  }
  return undefined;
}

/** Whether a path is one of the names of a secrets directory that may be delivered. */
function isMountableCredential(spelling: string, path: PathNames, list: DenyList): boolean {
  return list.places.some(({ entry, pattern }) => {
    const relation = entry.except && relate(pattern, path);
    if (relation?.is !== 'below') return false;
    return !denies(list, entry, relation, 'copy') || isWidened(list, entry, spelling, relation, 'copy');
  });
}

/**
 * Whether the policy takes a path out of what an entry denies: the path is what the policy lists, or lies in it. In a
 * secrets directory the very file must be listed, and it is delivered as a copy; the directory itself never is.
 */
function isWidened(
  { policy }: DenyList,
  entry: DenyEntry,
  path: string,
  relation: Relation,
  purpose: SourcePurpose,
): boolean {
  if (!entry.policy) return false;
  if (entry.except)
    return (
      relation.is === 'below' && purpose === 'copy' && policy.mounts.some(({ source }) => source === path)
    );
  return policy.mounts.some(({ source }) => isInside(source, path));
}

function lies(path: string, directory: string): Relation {
  const rest = posix.relative(directory, path);
  return rest === '' ? { is: 'same' } : { is: 'below', rest: rest.split('/') };
}

function denies({ states }: DenyList, entry: DenyEntry, relation: Relation, purpose: SourcePurpose): boolean {
  if (purpose === 'own' && entry.own) return false;
  // The socket itself is refused as a special file, with a clearer message.
  if (entry.kind === 'listener' && relation.is === 'same') return false;
  if (relation.is !== 'below') return relation.is === 'same' || entry.above === true;
  const [name = '', ...deeper] = relation.rest;
  const excepted = purpose === 'copy' && deeper.length === 0 && copiesFrom(entry, states)?.includes(name);
  return entry.below === true && !excepted;
}

function denialOf({ entry, path }: DenyRule, relation: Relation): Denial {
  const how = { same: `it is ${path}`, above: `it holds ${path}`, below: `it lies in ${path}` }[relation.is];
  return { entry, path, how };
}

function denied(source: string, spelling: string, { entry, how }: Denial, list: DenyList): FlowError {
  const really = posix.resolve('/', source) === spelling ? '' : `, which leads to ${quoted(spelling)},`;
  return new FlowError({
    code: 'mount_denied',
    blame: 'profile',
    message: `${quoted(source)}${really} may never be mounted: ${how}, and ${entry.reason}.`,
    hint: `${hintFor(entry, list)}${entry.policy && list.policy.file ? ` The admin could also list ${quoted(spelling)} under \`mounts\` in ${list.policy.file}.` : ''}`,
  });
}

/** The names in a secrets directory that may be delivered; undefined for an entry that is none. */
function copiesFrom({ except }: DenyEntry, states: readonly string[]): readonly string[] | undefined {
  return except && [...except, ...states];
}

function hintFor(entry: DenyEntry, { states }: DenyList): string {
  const copies = copiesFrom(entry, states);
  if (copies) return `Mount one of ${copies.join(', ')} from it.`;
  return 'Put what the agent needs into a directory of its own, such as /srv/agent-data, and mount that; docs/mounts.md has the whole list.';
}
