import type { Fault } from '../../base/errors.ts';
import { readStrictJson } from '../../base/json.ts';
import { keyTwice, profileNotJson, profileTooLarge } from '../faults.ts';

/** No profile nests deeper than 6. */
const MAX_DEPTH = 64;

/** The value of a profile's text, or the faults with their line and column; keys that stand twice are faults. */
export function readJson(text: string, file: string): { value: unknown } | { faults: Fault[] } {
  const read = readStrictJson(text, MAX_DEPTH);
  if ('tooDeep' in read) return { faults: [profileTooLarge(file, `nested deeper than ${MAX_DEPTH} levels`)] };
  if ('error' in read) return { faults: [profileNotJson(file, read.error)] };
  const faults = read.twice.map(({ path, line }) => keyTwice(file, path, line));
  return faults.length > 0 ? { faults } : { value: read.value };
}
