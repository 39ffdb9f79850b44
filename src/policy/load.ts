import { posix } from 'node:path';
import { parseBytes } from '../base/bytes.ts';
import type { Issue, Problem } from '../base/errors.ts';
import { isInside } from '../base/files.ts';
import { imageNameIssue } from '../base/image-name.ts';
import { jsonPointer, readStrictJson } from '../base/json.ts';
import { CEILING_LIMITS } from '../base/run-limits.ts';
import { quoted } from '../base/text.ts';
import {
  policyAmongProfiles,
  policyInvalid,
  policyKeyTwice,
  policyNotJson,
  policyWrongValue,
} from './errors.ts';
import { type Ceilings, NO_POLICY, type Policy, type PolicyMount } from './policy.ts';
import { readPolicyFile } from './policy-file.ts';
import { checkPolicySchema, type WrittenPolicy } from './schema.ts';

/** A policy nests 4 deep. */
const MAX_DEPTH = 32;

/** Where a policy is, and what loading it needs. */
export type PolicySource = {
  /** Absolute; undefined where POLICY_FILE is not set. */
  file: string | undefined;
  profilesDir: string;
  /** The service's own user: besides root the only one who may have written the policy. */
  uid: number;
  /** What is wrong with a mount of the policy on this host, by its place in the list. */
  checkMounts(mounts: readonly PolicyMount[]): readonly (Problem & { index: number })[];
};

/** The policy as it stands now; `NO_POLICY` without a file. Throws `policy_invalid` with every error. */
export function loadPolicy(source: PolicySource): Policy {
  const { file } = source;
  if (file === undefined) return NO_POLICY;
  const read = readPolicy(file, source);
  if ('issues' in read) throw policyInvalid(file, read.issues);
  return read.policy;
}

function readPolicy(file: string, source: PolicySource): { policy: Policy } | { issues: readonly Issue[] } {
  if (isInside(source.profilesDir, file)) return { issues: [policyAmongProfiles(file, source.profilesDir)] };
  const found = readPolicyFile(file, source.uid);
  if ('issues' in found) return found;
  const json = readPolicyJson(found.text, file);
  if ('issues' in json) return json;
  const checked = checkPolicySchema(json.value, file);
  if ('issues' in checked) return checked;
  const built = buildPolicy(checked.written, file);
  if ('issues' in built) return built;
  const refused = source.checkMounts(built.policy.mounts);
  return refused.length === 0 ? built : { issues: refused.map((problem) => mountIssue(file, problem)) };
}

function readPolicyJson(text: string, file: string): { value: unknown } | { issues: Issue[] } {
  const read = readStrictJson(text, MAX_DEPTH);
  if ('tooDeep' in read)
    return { issues: [policyNotJson(file, `it is nested deeper than ${MAX_DEPTH} levels`)] };
  if ('error' in read) return { issues: [policyNotJson(file, read.error)] };
  const issues = read.twice.map(({ path, line }) => policyKeyTwice(file, path, line));
  return issues.length > 0 ? { issues } : { value: read.value };
}

function mountIssue(file: string, { index, code, message, hint }: Problem & { index: number }): Issue {
  return { code, message, hint, file, path: jsonPointer('mounts', index, 'source') };
}

/** The least size of a ceiling: the engine refuses less memory, and no clone fits into less. */
const LEAST_SIZE_BYTES = 6 * 1024 ** 2;

/** The policy that was written, with sizes in bytes; or what no schema can say is wrong with it. */
function buildPolicy(written: WrittenPolicy, file: string): { policy: Policy } | { issues: Issue[] } {
  const issues: Issue[] = [];
  const ceilings = toCeilings(written.ceilings ?? {}, file, issues);
  issues.push(...imageIssues(written.images ?? [], file));
  for (const [index, { source }] of (written.mounts ?? []).entries()) {
    if (isNormal(source)) continue;
    const path = jsonPointer('mounts', index, 'source');
    const what = `is ${quoted(source)}, which is no path in normal form`;
    issues.push(
      policyWrongValue(file, path, what, 'an absolute path without `.`, `..`, `//` and a final slash'),
    );
  }
  if (issues.length > 0) return { issues };
  return {
    policy: {
      file,
      images: written.images?.map((rule) =>
        typeof rule === 'string' ? { name: rule, digests: undefined } : rule,
      ),
      mounts: (written.mounts ?? []).map(({ source, writable = false, unsearched }) => ({
        source,
        writable,
        ...(unsearched ? { unsearched } : {}),
      })),
      volumes: (written.volumes ?? []).map(({ name, writable = false }) => ({ name, writable })),
      networks: written.networks ?? [],
      privateHosts: (written.privateHosts ?? []).map((host) => host.toLowerCase()),
      runtimes: written.runtimes ?? [],
      rootUser: written.rootUser ?? false,
      ...(written.users ? { users: written.users } : {}),
      ceilings,
    },
  };
}

/** Issues of rules that no image's name can match; they would allow nothing without a notice. */
function imageIssues(rules: NonNullable<WrittenPolicy['images']>, file: string): Issue[] {
  return rules.flatMap((rule, index) => {
    const isName = typeof rule === 'string';
    const name = isName ? rule : rule.name;
    const wrong = imageNameIssue(name.replaceAll('*', 'x'));
    if (wrong === undefined) return [];
    const path = isName ? jsonPointer('images', index) : jsonPointer('images', index, 'name');
    const what = `is ${quoted(name)}, which ${wrong}`;
    return [policyWrongValue(file, path, what, 'the name of an image, with * for anything but a slash')];
  });
}

function toCeilings(
  written: NonNullable<WrittenPolicy['ceilings']>,
  file: string,
  issues: Issue[],
): Ceilings {
  const ceilings: Ceilings = written.network === undefined ? {} : { network: written.network };
  for (const { name, key, unit } of CEILING_LIMITS) {
    const value = written[key];
    if (value === undefined) continue;
    const most = unit === 'bytes' ? parseBytes(String(value)) : Number(value);
    if (most !== undefined && (unit !== 'bytes' || most >= LEAST_SIZE_BYTES)) ceilings[name] = most;
    else issues.push(sizeWrong(file, key, value));
  }
  return ceilings;
}

function sizeWrong(file: string, key: string, value: string | number): Issue {
  const what = `is ${quoted(value, 80)}, which is no size of at least 6 MiB`;
  return policyWrongValue(file, jsonPointer('ceilings', key), what, 'a size such as "512m" or "4g"');
}

function isNormal(path: string): boolean {
  return path.isWellFormed() && !/[\p{C}\p{Zl}\p{Zp}]/u.test(path) && posix.resolve(path) === path;
}
