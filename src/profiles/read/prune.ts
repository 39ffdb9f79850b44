import { jsonPointer } from '../../base/json.ts';

/** What cannot stand without the one key that is wrong below it. */
const WHOLE =
  /^(\/execution\/runtime\/network)\/allow$|^(\/execution\/handler\/promptVariables\/optional\/[^/]+)\/path$/;
/** A wrong value of a variable leaves its name, which has rules of its own. */
const ENV_VALUE = /^\/execution\/runtime\/env\/[^/]+$/;

/**
 * A copy of a fragment without what stands at the JSON pointers in `wrong`, so that the rest can be checked for more
 * faults. Items of lists stay, because faults name the place of an item: whoever checks a list takes any item.
 * Nothing may be built from it. Undefined when nothing is left.
 */
export function pruneWrong(value: unknown, wrong: readonly string[]): unknown {
  const doomed = new Set(wrong.map((pointer) => WHOLE.exec(pointer)?.slice(1).find(Boolean) ?? pointer));
  return doomed.has('') ? undefined : copyWithout(value, '', doomed);
}

function copyWithout(value: unknown, at: string, doomed: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const place = at + jsonPointer(key);
    if (!doomed.has(place)) return [[key, copyWithout(inner, place, doomed)]];
    return ENV_VALUE.test(place) ? [[key, '']] : [];
  });
  return Object.fromEntries(kept);
}
