import { type ASTNode, Environment } from '@marcbachmann/cel-js';

/** A path that a filter reads: from `event` or `attributes`, by its keys; `0` stands for an item of a list. */
type FilterPath = { root: 'event' | 'attributes'; keys: string[] };

/** What names stand for: the two roots, and what macros call the items that they go through. */
type Names = ReadonlyMap<string, FilterPath | undefined>;

const ROOTS: Names = new Map([
  ['event', { root: 'event', keys: [] }],
  ['attributes', { root: 'attributes', keys: [] }],
]);

/** Macros whose first argument names the items of what they are called on. */
const OVER_ITEMS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

let environment: Environment | undefined;

/** Every path that a filter reads, the longest of each; none of a filter that cannot be read. */
export function filterPaths(source: string): FilterPath[] {
  environment ??= new Environment();
  const found: FilterPath[] = [];
  try {
    walk(environment.parse(source).ast, ROOTS, found);
  } catch {
    return [];
  }
  return found;
}

function walk(part: unknown, names: Names, found: FilterPath[]): void {
  if (Array.isArray(part)) for (const inner of part) walk(inner, names, found);
  if (typeof part !== 'object' || part === null || !('op' in part)) return;
  const node = part as ASTNode;
  const path = pathOf(node, names);
  if (path) {
    if (path.keys.length > 0) found.push(path);
    return;
  }
  if (node.op === 'rcall') walkCall(node, names, found);
  else walk(node.args, names, found);
}

function walkCall(node: ASTNode, names: Names, found: FilterPath[]): void {
  const [name, receiver, args] = node.args as [string, ASTNode, ASTNode[]];
  walk(receiver, names, found);
  const [item, ...bodies] = args;
  if (!OVER_ITEMS.has(name) || item?.op !== 'id') {
    walk(args, names, found);
    return;
  }
  const list = pathOf(receiver, names);
  const inside = list && { ...list, keys: [...list.keys, '0'] };
  walk(bodies, new Map([...names, [String(item.args), inside]]), found);
}

/** The path of `event.issue.labels[0]["name"]`; undefined of what is no path, or whose keys are not known before. */
function pathOf(node: ASTNode, names: Names): FilterPath | undefined {
  if (node.op === 'id') return names.get(String(node.args));
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [from, key] = node.args as [ASTNode, ASTNode | string];
  const before = pathOf(from, names);
  const name = typeof key === 'string' ? key : key.op === 'value' ? String(key.args) : undefined;
  return before && name !== undefined ? { ...before, keys: [...before.keys, name] } : undefined;
}
