import type { Fault } from '../base/errors.ts';
import { readStrictJson } from '../base/json.ts';
import { policyKeyTwice, policyNotJson } from './errors.ts';

/** A policy nests 4 deep. */
const MAX_DEPTH = 32;

/** The value of a policy's text, or the faults: no JSON, or keys that stand twice. */
export function readPolicyJson(text: string, file: string): { value: unknown } | { faults: Fault[] } {
  const read = readStrictJson(text, MAX_DEPTH);
  if ('tooDeep' in read)
    return { faults: [policyNotJson(file, `it is nested deeper than ${MAX_DEPTH} levels`)] };
  if ('error' in read) return { faults: [policyNotJson(file, read.error)] };
  const faults = read.twice.map(({ path, line }) => policyKeyTwice(file, path, line));
  return faults.length > 0 ? { faults } : { value: read.value };
}
