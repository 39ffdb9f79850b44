import { isObject, type JsonObject } from '../base/json.ts';
import { wrongType } from './errors.ts';

/**
 * Typed reading of one payload by dotted paths; only a payload's own keys are seen.
 *
 * What is absent is undefined, and so is what lies in an object that is `null`: GitHub sends `null` for objects
 * that are not there. Anything of another type throws `delivery_wrong_type`. `null` in the place of a scalar is
 * undefined only for the readers called `nullable…`.
 */
export type Fields = {
  object(path: string): JsonObject | undefined;
  list(path: string): readonly unknown[] | undefined;
  text(path: string): string | undefined;
  nullableText(path: string): string | undefined;
  flag(path: string): boolean | undefined;
  /** A whole number that JavaScript holds exactly. */
  number(path: string): number | undefined;
  /** A commit; GitHub's empty text and all zeros mean that there is none. */
  commit(path: string): string | undefined;
  /** The error for a field that holds something else than it should. */
  wrong(path: string, value: unknown, expected: string): Error;
};

/** Fields of `payload`, a parsed body; `event` is named in errors. */
export function readFields(event: string, payload: JsonObject): Fields {
  const wrong: Fields['wrong'] = (path, value, expected) => wrongType(event, path, value, expected);
  const typed = <T>(path: string, is: (value: unknown) => value is T, expected: string): T | undefined => {
    const value = valueAt(event, payload, path);
    if (value === undefined || is(value)) return value;
    throw wrong(path, value, expected);
  };
  const orNull = <T>(path: string, read: (path: string) => T): T | undefined =>
    valueAt(event, payload, path) === null ? undefined : read(path);
  const fields: Fields = {
    object: (path) => orNull(path, () => typed(path, isObject, 'an object')),
    list: (path) => orNull(path, () => typed(path, isList, 'a list')),
    text: (path) => typed(path, isText, 'a text'),
    nullableText: (path) => orNull(path, fields.text),
    flag: (path) => typed(path, isFlag, 'true or false'),
    number: (path) => typed(path, isWholeNumber, 'a whole number'),
    commit(path) {
      const sha = fields.nullableText(path);
      if (sha === undefined || /^0*$/.test(sha)) return undefined;
      if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(sha)) throw wrong(path, sha, 'a commit of 40 hex digits');
      return sha;
    },
    wrong,
  };
  return fields;
}

function valueAt(event: string, payload: JsonObject, path: string): unknown {
  const keys = path.split('.');
  let value: unknown = payload;
  for (const [depth, key] of keys.entries()) {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw wrongType(event, keys.slice(0, depth).join('.'), value, 'an object');
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
