import { isObject, type JsonObject } from '../base/json.ts';
import { cutText } from '../base/text.ts';

/** Nothing that is read lies deeper in an event. */
const MAX_DEPTH = 8;

/** The event in a line, each text of it masked as a whole; keys in `unread` are left out. A line that is no JSON object has no fields. */
export function readJsonEvent(
  line: string,
  mask: (text: string) => string,
  unread: readonly string[] = [],
): JsonObject {
  const masked = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return mask(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth === MAX_DEPTH) return null;
    if (Array.isArray(value)) return value.map((inner) => masked(inner, depth + 1));
    const read = Object.entries(value).filter(([key]) => !unread.includes(key));
    return Object.fromEntries(read.map(([key, inner]) => [key, masked(inner, depth + 1)]));
  };
  return asFields(masked(parsed(line), 0));
}

/** The fields of a value; none for what is no object. */
export function asFields(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function parsed(line: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const MAX_CHARACTERS = 400;

/** Text of an agent for one line that people read: control, bidi and zero-width characters become spaces, long text is cut. */
export function plainText(value: unknown, maxCharacters = MAX_CHARACTERS): string {
  const text = typeof value === 'string' ? value : '';
  const begin = text.slice(0, maxCharacters * 2);
  return cutText(begin.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim(), maxCharacters);
}
