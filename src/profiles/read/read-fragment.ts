import type { Issue } from '../../base/errors.ts';
import { isObject, jsonPointer, readStrictJson } from '../../base/json.ts';
import { keyTwice, profileNotJson, profileNotUtf8, profileTooLarge, profileUnreadable } from '../errors.ts';
import type { BuildTools } from './build.ts';
import { type Fragment, toFragment } from './fragment.ts';
import { readText } from './read-text.ts';
import type { SchemaCheck } from './schema.ts';
import type { FragmentPlace } from './tree.ts';
import { checkFragment, type FragmentChecks } from './validate.ts';

/** What was read at a place: the fragment, if it is valid by the schema, and its errors. */
export type FragmentRead = { fragment?: Fragment; issues: Issue[] };

/**
 * A fragment and its own errors; no fragment when it is not even valid by the schema, so that nothing is built on it.
 * The valid part of an invalid fragment is still checked, so that all errors are reported at once.
 */
export async function readFragment(
  place: FragmentPlace,
  schema: SchemaCheck,
  checks: FragmentChecks,
  tools: BuildTools,
): Promise<FragmentRead> {
  const json = await readPlace(place.file);
  if ('issues' in json) return json;
  const { issues: invalid, wrong } = schema(json.value, place.file);
  const written = invalid.length === 0 ? json.value : pruneWrong(json.value, wrong);
  if (written === undefined) return { issues: invalid };
  const fragment = toFragment(written, place);
  const ref = fragment.settings.execution?.handler?.promptRef;
  const prompt = ref === undefined ? undefined : await tools.promptOf(place.file, ref);
  const issues = [
    ...checkFragment(fragment, written, checks),
    ...(prompt && 'issue' in prompt ? [prompt.issue] : []),
  ];
  if (invalid.length === 0) return { fragment, issues };
  return { issues: [...invalid, ...issues.filter(({ path }) => !isWrongItem(path ?? '', wrong))] };
}

/** Whether an error repeats the schema's error of the same item: these lists are checked whole, invalid items included. */
function isWrongItem(path: string, wrong: readonly string[]): boolean {
  return /^\/execution\/runtime\/(dockerArgs|network\/allow)\/\d+$/.test(path) && wrong.includes(path);
}

async function readPlace(file: string): Promise<{ value: unknown } | { issues: Issue[] }> {
  const read = await readText(file);
  if ('text' in read) return readJson(read.text, file);
  if (read.why === 'too-large') return { issues: [profileTooLarge(file, read.detail)] };
  return { issues: [read.why === 'not-utf8' ? profileNotUtf8(file) : profileUnreadable(file, read.detail)] };
}

/** No profile nests deeper than 6. */
const MAX_DEPTH = 64;

/** The value of a profile's text, or the errors with their line and column; keys that stand twice are errors. */
function readJson(text: string, file: string): { value: unknown } | { issues: Issue[] } {
  const read = readStrictJson(text, MAX_DEPTH);
  if ('tooDeep' in read) return { issues: [profileTooLarge(file, `nested deeper than ${MAX_DEPTH} levels`)] };
  if ('error' in read) return { issues: [profileNotJson(file, read.error)] };
  const issues = read.twice.map(({ path, line }) => keyTwice(file, path, line));
  return issues.length > 0 ? { issues } : { value: read.value };
}

/** What cannot stand without the one key that is wrong below it. */
const WHOLE =
  /^(\/execution\/runtime\/network)\/allow$|^(\/execution\/handler\/promptVariables\/optional\/[^/]+)\/path$/;
/** A wrong value of a variable leaves its name, which has rules of its own. */
const ENV_VALUE = /^\/execution\/runtime\/env\/[^/]+$/;

/**
 * A copy of a fragment without what stands at the JSON pointers in `wrong`, so that the rest can be checked for more
 * errors. Items of lists stay, because errors name the place of an item: every check of a list has to accept any item.
 * Nothing may be built from it. Undefined when nothing is left.
 */
function pruneWrong(value: unknown, wrong: readonly string[]): unknown {
  const doomed = new Set(wrong.map((pointer) => WHOLE.exec(pointer)?.slice(1).find(Boolean) ?? pointer));
  return doomed.has('') ? undefined : copyWithout(value, '', doomed);
}

function copyWithout(value: unknown, at: string, doomed: ReadonlySet<string>): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const place = at + jsonPointer(key);
    if (!doomed.has(place)) return [[key, copyWithout(inner, place, doomed)]];
    return ENV_VALUE.test(place) ? [[key, '']] : [];
  });
  return Object.fromEntries(kept);
}
