import type { Fault, Problem } from '../base/errors.ts';
import { isInside } from '../base/files.ts';
import { jsonPointer, readStrictJson } from '../base/json.ts';
import { buildPolicy } from './build.ts';
import { policyAmongProfiles, policyInvalid, policyKeyTwice, policyNotJson } from './errors.ts';
import { NO_POLICY, type Policy, type PolicyMount } from './policy.ts';
import { readPolicyFile } from './policy-file.ts';
import { checkPolicySchema } from './schema.ts';

/** A policy nests 4 deep. */
const MAX_DEPTH = 32;

/** Where a policy stands, and what loading it asks of others. */
export type PolicySource = {
  /** Absolute; undefined where POLICY_FILE is not set. */
  file: string | undefined;
  profilesDir: string;
  /** The service's own user: besides root the only one who may have written the policy. */
  uid: number;
  /** What is wrong with a mount of the policy on this host, by its place in the list. */
  checkMounts(mounts: readonly PolicyMount[]): readonly (Problem & { index: number })[];
};

/** The policy as it stands now; `NO_POLICY` without a file. Throws `policy_invalid` with every fault. */
export function loadPolicy(source: PolicySource): Policy {
  const { file } = source;
  if (file === undefined) return NO_POLICY;
  const read = readPolicy(file, source);
  if ('faults' in read) throw policyInvalid(file, read.faults);
  return read.policy;
}

function readPolicy(file: string, source: PolicySource): { policy: Policy } | { faults: readonly Fault[] } {
  if (isInside(source.profilesDir, file)) return { faults: [policyAmongProfiles(file, source.profilesDir)] };
  const found = readPolicyFile(file, source.uid);
  if ('faults' in found) return found;
  const json = readPolicyJson(found.text, file);
  if ('faults' in json) return json;
  const checked = checkPolicySchema(json.value, file);
  if ('faults' in checked) return checked;
  const built = buildPolicy(checked.written, file);
  if ('faults' in built) return built;
  const refused = source.checkMounts(built.policy.mounts);
  return refused.length === 0 ? built : { faults: refused.map((problem) => mountFault(file, problem)) };
}

function readPolicyJson(text: string, file: string): { value: unknown } | { faults: Fault[] } {
  const read = readStrictJson(text, MAX_DEPTH);
  if ('tooDeep' in read)
    return { faults: [policyNotJson(file, `it is nested deeper than ${MAX_DEPTH} levels`)] };
  if ('error' in read) return { faults: [policyNotJson(file, read.error)] };
  const faults = read.twice.map(({ path, line }) => policyKeyTwice(file, path, line));
  return faults.length > 0 ? { faults } : { value: read.value };
}

function mountFault(file: string, { index, code, message, hint }: Problem & { index: number }): Fault {
  return { code, message, hint, file, path: jsonPointer('mounts', index, 'source') };
}
