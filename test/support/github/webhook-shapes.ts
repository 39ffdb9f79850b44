import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type ReadType, readDeclarations } from './type-reader.ts';
import { webhookExamples } from './webhook-examples.ts';

/** What a place of a payload may hold: `any` what nothing says, `scalar`, keys of an object, items of a list. */
type Shape = { any?: true; scalar?: true; keys?: Map<string, Shape>; items?: Shape };

/** Types that hold themselves are followed so far. */
const MAX_DEPTH = 12;

/** Events whose action the sender chooses. */
const FREE_ACTIONS = new Set(['repository_dispatch']);

/**
 * src/events/webhook-shapes.json: each event's actions with the shape of the payload, from GitHub's own description
 * (@octokit/openapi-webhooks-types) and from the payloads of @octokit/webhooks-examples, which know servers besides.
 */
export function webhookShapes(): string {
  const roots = new Map<string, Map<string, Shape>>();
  const rootOf = (event: string, action: string): Shape => {
    const actions = roots.get(event) ?? new Map<string, Shape>();
    roots.set(event, actions);
    const name = FREE_ACTIONS.has(event) ? '*' : action;
    const shape = actions.get(name) ?? {};
    actions.set(name, shape);
    return shape;
  };
  addDescription(rootOf);
  for (const { event, payload } of webhookExamples()) {
    const { action } = payload;
    addValue(rootOf(event, typeof action === 'string' ? action : ''), payload);
  }
  return write(roots);
}

function addDescription(rootOf: (event: string, action: string) => Shape): void {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi-webhooks-types/package.json');
  const text = readFileSync(file.replace(/package\.json$/, 'types.d.ts'), 'utf8');
  const { schemas, operations } = readDeclarations(text);
  for (const [name, operation] of Object.entries(operations)) {
    const [event = '', action = ''] = name.replaceAll('-', '_').split('/');
    addType(rootOf(event, action), bodyOf(operation), schemas, 0);
  }
}

/** `requestBody.content` of an operation, whatever its media type is. */
function bodyOf(operation: ReadType): ReadType {
  const [request, content] = ['requestBody', 'content'];
  const media = [request, content].reduce<ReadType | undefined>(
    (type, key) => (type?.kind === 'object' ? type.keys[key] : undefined),
    operation,
  );
  const bodies = media?.kind === 'object' ? Object.values(media.keys) : [];
  return { kind: 'choice', of: bodies };
}

function addType(
  shape: Shape,
  type: ReadType | undefined,
  schemas: Record<string, ReadType>,
  depth: number,
): void {
  if (!type || depth > MAX_DEPTH || type.kind === 'open') shape.any = true;
  else if (type.kind === 'scalar') shape.scalar = true;
  else if (type.kind === 'list') addType(itemsOf(shape), type.of, schemas, depth + 1);
  else if (type.kind === 'choice') for (const each of type.of) addType(shape, each, schemas, depth);
  else if (type.kind === 'schema') addType(shape, schemas[type.name], schemas, depth);
  else if (type.kind === 'object') {
    if (type.isOpen) shape.any = true;
    for (const [key, value] of Object.entries(type.keys))
      addType(keyOf(shape, key), value, schemas, depth + 1);
    shape.keys ??= new Map();
  }
}

function addValue(shape: Shape, value: unknown): void {
  if (value === null) return;
  if (Array.isArray(value)) for (const item of value) addValue(itemsOf(shape), item);
  if (Array.isArray(value)) itemsOf(shape);
  else if (typeof value !== 'object') shape.scalar = true;
  else for (const [key, inner] of Object.entries(value)) addValue(keyOf(shape, key), inner);
}

function itemsOf(shape: Shape): Shape {
  shape.items ??= {};
  return shape.items;
}

function keyOf(shape: Shape, key: string): Shape {
  shape.keys ??= new Map();
  const inner = shape.keys.get(key) ?? {};
  shape.keys.set(key, inner);
  return inner;
}

/** Equal shapes are written once, and named by their place in the list; a line each, so that a difference can be read. */
function write(roots: ReadonlyMap<string, ReadonlyMap<string, Shape>>): string {
  const shapes = new Map<string, number>();
  const number = (shape: Shape): number => {
    const text = JSON.stringify(plain(shape, number));
    const known = shapes.get(text) ?? shapes.size;
    shapes.set(text, known);
    return known;
  };
  const events = sorted(roots).map(([event, actions]) => {
    const named = sorted(actions).map(([action, shape]) => [action, number(shape)]);
    return `    ${JSON.stringify(event)}: ${JSON.stringify(Object.fromEntries(named))}`;
  });
  const list = [...shapes.keys()].map((text) => `    ${text}`);
  return `{\n  "events": {\n${events.join(',\n')}\n  },\n  "shapes": [\n${list.join(',\n')}\n  ]\n}\n`;
}

/** 0 where anything may be, 1 for a scalar; else the numbers of what the keys and the items hold. */
function plain(shape: Shape, number: (shape: Shape) => number): unknown {
  const { keys, items, scalar } = shape;
  if (shape.any || (!keys && !items && !scalar)) return 0;
  if (!keys && !items) return 1;
  return {
    ...(scalar && { scalar }),
    ...(keys && { keys: Object.fromEntries(sorted(keys).map(([key, inner]) => [key, number(inner)])) }),
    ...(items && { items: number(items) }),
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

if (import.meta.main) process.stdout.write(webhookShapes());
