import { type WebhookExample, webhookExamples } from './webhook-examples.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

let read: WebhookExample[] | undefined;

/** Events that carry the same object; of comments on pull requests there is no example, of issues that are one there is. */
const ALIKE: Readonly<Record<string, string>> = { issue_comment: 'issues' };

/** Every example payload of an event; reading them takes a moment, so that they are read once. */
function examplesOf(event: string): Record<string, unknown>[] {
  read ??= webhookExamples();
  return read.filter((example) => example.event === event).map(({ payload }) => payload);
}

/** The example `<event>/<number>` of github.com's own, a copy. Throws for one that is not there. */
export function exampleOf(name: string): Record<string, unknown> {
  const [event = '', index = ''] = name.split('/');
  const payload = examplesOf(event)[Number(index)];
  if (!payload) throw new Error(`there is no example ${name}`);
  return structuredClone(payload);
}

/** What senders may put there themselves: https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event */
const FREE = new Set(['client_payload']);

/**
 * What in `changes` GitHub never sends in this event, as paths: each field has to be in one of the examples at the same
 * place, with a value of the same type; where all examples have null, it is a text.
 */
export function unlikeGitHub(event: string, changes: Record<string, Json>): string[] {
  return compare(changes, [...examplesOf(event), ...examplesOf(ALIKE[event] ?? '')], '');
}

function compare(given: Json, seen: readonly unknown[], path: string): string[] {
  const kinds = new Set(seen.map(kindOf));
  const isText = typeof given === 'string' && kinds.size === 1 && kinds.has('null');
  if (!isText && !kinds.has(kindOf(given))) return [`${path} as ${kindOf(given)}`];
  if (Array.isArray(given)) {
    const items = seen.flatMap((each) => (Array.isArray(each) ? each : []));
    return given.flatMap((item, index) => compare(item, items, `${path}.${index}`));
  }
  if (kindOf(given) !== 'object') return [];
  return Object.entries(given as Record<string, Json>).flatMap(([key, value]) => {
    const below = path === '' ? key : `${path}.${key}`;
    const there = seen.flatMap((each) => (isObject(each) && Object.hasOwn(each, key) ? [each[key]] : []));
    return FREE.has(below) ? [] : compare(value, there, below);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

/** `payload` with `changes` put into it: objects are gone into, everything else is replaced. */
export function changed(payload: unknown, changes: unknown): unknown {
  if (!isObject(payload) || !isObject(changes)) return changes;
  const entries = Object.entries(changes).map(([key, value]) => [key, changed(payload[key], value)]);
  return { ...payload, ...Object.fromEntries(entries) };
}
