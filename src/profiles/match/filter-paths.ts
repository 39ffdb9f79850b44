import { type ASTNode, Environment } from '@marcbachmann/cel-js';

/** A path that a filter reads: from `event` or `attributes`, by its keys; `0` stands for an item of a list. */
type FilterPath = { root: 'event' | 'attributes'; keys: string[] };

/** A part of a filter: the paths that it reads, and what it asks of one of them, where it is so plain. */
type FilterPart = {
  paths: FilterPath[];
  asks: { path: FilterPath; how: '==' | 'startsWith'; values: unknown[] } | undefined;
  isFalse: boolean;
  isPresence: boolean;
};

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
  return filterParts(source).flatMap(({ paths }) => paths);
}

/** What has to hold for a filter to hold, one part of `a && b && c` each; none of a filter that cannot be read. */
export function filterParts(source: string): FilterPart[] {
  environment ??= new Environment();
  try {
    return partsOf(environment.parse(source).ast).map((node) => {
      const paths: FilterPath[] = [];
      walk(node, ROOTS, paths);
      return { paths, asks: asked(node), ...constant(node) };
    });
  } catch {
    return [];
  }
}

function partsOf(node: ASTNode): ASTNode[] {
  return node.op === '&&' ? (node.args as ASTNode[]).flatMap(partsOf) : [node];
}

/** What `path == "text"`, `path in ["text"]` and `path.startsWith("text")` ask for. */
function asked(node: ASTNode): FilterPart['asks'] {
  const [first, second, third] = argsOf(node) as [ASTNode, ASTNode, ASTNode[]];
  if (node.op === 'rcall' && String(first) === 'startsWith') return asks(second, third, 'startsWith');
  if (node.op === 'in' && second.op === 'list') return asks(first, second.args as ASTNode[], '==');
  if (node.op !== '==') return undefined;
  return asks(first, [second], '==') ?? asks(second, [first], '==');
}

function argsOf({ args }: ASTNode): unknown[] {
  return Array.isArray(args) ? args : [args];
}

function asks(of: ASTNode, values: readonly ASTNode[], how: '==' | 'startsWith'): FilterPart['asks'] {
  const path = pathOf(of, ROOTS);
  if (!path || values.some(({ op }) => op !== 'value')) return undefined;
  return { path, how, values: values.map(({ args }) => (typeof args === 'bigint' ? Number(args) : args)) };
}

/** Whether a part is `false`, and whether it only asks that something is there: `path != ""`, `has(path)`, `path.size() > 0`. */
function constant(node: ASTNode): Pick<FilterPart, 'isFalse' | 'isPresence'> {
  const [first, second] = argsOf(node) as [unknown, ASTNode | undefined];
  const isEmpty = second?.op === 'value' && ['', 0, 0n, null].includes(second.args as string);
  return {
    isFalse: node.op === 'value' && node.args === false,
    isPresence: (node.op === 'call' && first === 'has') || ((node.op === '!=' || node.op === '>') && isEmpty),
  };
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
