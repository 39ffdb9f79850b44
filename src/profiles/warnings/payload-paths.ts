import { ATTRIBUTES, type AttributeName } from '../../events/event.ts';
import { contentAt, type EventKind, nearestPath, type PathContent } from '../../events/payload-shapes.ts';
import { mayHave } from '../../events/possible.ts';
import { show } from '../errors.ts';
import { filterPaths } from '../match/filter-paths.ts';
import type { PromptVariable, Trigger } from '../profile.ts';
import { pathNever, type Warning } from './errors.ts';
import { eventKindName, kindsOf } from './event-kinds.ts';

/** The place of prompt variables, whichever of their two lists has one. */
const VARIABLES = '/execution/handler/promptVariables';

/** Warns of prompt variables that the events of the trigger do not have: no run would start, or it would always be the default. */
export function variableWarnings(trigger: Trigger, variables: readonly PromptVariable[]): Warning[] {
  const kinds = kindsOf(trigger);
  return kinds.length === 0 ? [] : variables.flatMap((variable) => ofVariable(variable, kinds));
}

function ofVariable({ name, path, required }: PromptVariable, kinds: readonly EventKind[]): Warning[] {
  const [root, ...keys] = path.split('.');
  const wrong = kinds.filter((kind) => !['scalar', 'anything'].includes(contentOf(root, keys, kind)));
  const [first] = wrong;
  if (!first || (!required && wrong.length < kinds.length)) return [];
  const isAll = wrong.length === kinds.length;
  const where = isAll
    ? 'no event of this trigger has'
    : `${names(wrong)} ${wrong.length === 1 ? 'does' : 'do'} not have`;
  const what = wrong.every((kind) => contentOf(root, keys, kind) === 'parts')
    ? `reads ${show(path)}, which is an object or a list and no single value`
    : `reads ${show(path)}, which ${where}`;
  const end = required ? 'each such run is refused' : 'it is always its default';
  const near = root === 'event' ? nearestPath(first, keys) : undefined;
  const nearest =
    isAll && near !== undefined
      ? `Write ${show(`event.${near}`)}, if that is meant, or`
      : 'Name a path that they have, or';
  const other = required ? 'make it optional with a default' : 'remove it';
  return [pathNever(VARIABLES, `The prompt variable ${name} ${what}: ${end}.`, `${nearest} ${other}.`)];
}

/** Warns of paths in the filter that no event of the trigger has: a condition on such a path is false. */
export function filterWarnings(trigger: Trigger, { filter } = trigger): Warning[] {
  const kinds = kindsOf(trigger);
  const [kind] = kinds;
  if (filter === undefined || !kind) return [];
  const unknown = filterPaths(filter).filter(({ root, keys }) =>
    kinds.every((each) => contentOf(root, keys, each) === 'nothing'),
  );
  return unknown.map(({ root, keys }) => {
    const near = root === 'event' ? nearestPath(kind, keys) : undefined;
    return pathNever(
      '/trigger/filter',
      `The filter reads ${show([root, ...keys].join('.'))}, which no event of this trigger has; what needs it is false.`,
      near === undefined
        ? 'Name a path that they have.'
        : `Write ${show(`event.${near}`)}, if that is meant.`,
    );
  });
}

function contentOf(root: string | undefined, keys: readonly string[], kind: EventKind): PathContent {
  if (root === 'event') return contentAt(kind, keys);
  const [name = ''] = keys;
  if (root !== 'attributes') return 'scalar';
  const attribute = name === 'commandArgs' ? 'command' : name;
  const isKnown = (ATTRIBUTES as readonly string[]).includes(attribute);
  return isKnown && !mayHave(kind, attribute as AttributeName) ? 'nothing' : 'scalar';
}

/** How many kinds a sentence names. */
const NAMED = 3;

function names(kinds: readonly EventKind[]): string {
  const more = kinds.length > NAMED ? ` and ${kinds.length - NAMED} more` : '';
  return kinds.slice(0, NAMED).map(eventKindName).join(', ') + more;
}
