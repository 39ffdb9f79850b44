import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import { nearest } from '../base/words.ts';

/** What a place of a payload may hold: 0 anything, 1 a scalar, else what its keys or items hold, by number. */
type Shape = 0 | 1 | { scalar?: true; keys?: Readonly<Record<string, number>>; items?: number };

type Table = { events: Readonly<Record<string, Readonly<Record<string, number>>>>; shapes: readonly Shape[] };

/** One kind of event that GitHub sends: `action` is empty where an event has none, `*` where its sender chooses it. */
export type EventKind = { event: string; action: string };

/** What a path leads to: anything, one scalar, more than that (an object or a list), or nothing, because no payload has it. */
export type PathContent = 'anything' | 'scalar' | 'parts' | 'nothing';

let read: Table | undefined;

/** `npm run events` makes the file from GitHub's own types; read once, when something asks. */
function table(): Table {
  read ??= JSON.parse(readFileSync(new URL('./webhook-shapes.json', import.meta.url), 'utf8')) as Table;
  return read;
}

/** Every event that GitHub sends, by name. */
export function eventNames(): string[] {
  return Object.keys(table().events);
}

/** The actions of an event, none for an event that is not known. */
export function actionsOf(event: string): string[] {
  const { events } = table();
  return Object.hasOwn(events, event) ? Object.keys(events[event] ?? {}) : [];
}

/** What payloads of a kind hold at a path (`issue.labels.0.name`); an event that is not known may hold anything. */
export function contentAt({ event, action }: EventKind, keys: readonly string[]): PathContent {
  let at: Shape | undefined = shapeOf(table().events[event]?.[action] ?? -1) ?? 0;
  for (const key of keys) {
    if (at === 0) return 'anything';
    if (at === 1) return 'nothing';
    at = below(at, key);
    if (at === undefined) return 'nothing';
  }
  if (at === 0) return 'anything';
  return at === 1 || at.scalar ? 'scalar' : 'parts';
}

/** Whether payloads of a kind may have something at a dotted path. */
export function has(kind: EventKind, path: string): boolean {
  return contentAt(kind, path.split('.')) !== 'nothing';
}

function shapeOf(number: number): Shape | undefined {
  return table().shapes[number];
}

function below(shape: Exclude<Shape, 0 | 1>, key: string): Shape | undefined {
  const { keys = {}, items } = shape;
  if (items !== undefined && /^\d+$/.test(key)) return shapeOf(items);
  const number = Object.hasOwn(keys, key) ? keys[key] : undefined;
  return number === undefined ? undefined : shapeOf(number);
}

/** How deep paths are proposed. */
const MAX_KEYS = 4;

/** The path of a kind that was probably meant: one that ends in the same key, else the one that is written most alike. */
export function nearestPath(kind: EventKind, keys: readonly string[]): string | undefined {
  const root = shapeOf(table().events[kind.event]?.[kind.action] ?? -1);
  const paths = root === undefined ? [] : scalarPaths(root, []);
  const wanted = keys.join('.');
  const sameEnd = paths.filter((path) => path.split('.').at(-1) === keys.at(-1));
  const from = sameEnd.length > 0 ? sameEnd : paths;
  if (from.length === 0) return undefined;
  const near = closest(wanted, from);
  return sameEnd.length > 0 || distance(wanted, near) <= Math.max(2, wanted.length / 3) ? near : undefined;
}

function scalarPaths(shape: Shape, before: readonly string[]): string[] {
  if (shape === 1) return [before.join('.')];
  if (shape === 0 || before.length >= MAX_KEYS) return [];
  const { keys = {}, items } = shape;
  const inner: [string, number][] = [
    ...Object.entries(keys),
    ...(items === undefined ? [] : [['0', items] as [string, number]]),
  ];
  return inner.flatMap(([key, number]) => scalarPaths(shapeOf(number) ?? 0, [...before, key]));
}

/** What people call events that GitHub calls otherwise. */
const NICKNAMES: Readonly<Record<string, string>> = {
  comment: 'issue_comment',
  pr: 'pull_request',
  pull_request_target: 'pull_request',
  merge_request: 'pull_request',
  note: 'issue_comment',
  pr_comment: 'issue_comment',
  tag: 'create',
  pull_request_comment: 'issue_comment',
  review: 'pull_request_review',
  commit: 'push',
  ci: 'check_run',
  schedule: 'repository_dispatch',
  workflow: 'workflow_run',
  check: 'check_run',
  checks: 'check_run',
};

/** The event of GitHub's that was probably meant by a name in lower case with underscores. */
export function nearestEvent(name: string): string {
  return NICKNAMES[name] ?? nearest(name, eventNames());
}
