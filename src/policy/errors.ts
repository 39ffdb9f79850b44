import { type Issue, IssuesError, type Problem } from '../base/errors.ts';
import type { NetworkReach, Policy } from './policy.ts';

/** The policy cannot be used as it is. */
export function policyInvalid(file: string, issues: readonly Issue[]): IssuesError {
  const [first] = issues;
  const more = issues.length > 1 ? ` And ${issues.length - 1} more.` : '';
  return new IssuesError(
    {
      code: 'policy_invalid',
      blame: 'operator',
      message: `The policy in ${file} cannot be used. ${first?.message ?? ''}${more}`,
      hint: `${first?.hint ?? ''} \`github-flows doctor\` lists all errors.`,
    },
    issues,
  );
}

/** POLICY_FILE names what is not there, cannot be read, or is no file. */
export function policyUnreadable(file: string, why: string): Issue {
  return {
    code: 'policy_unreadable',
    file,
    message: `The policy ${file} cannot be read: ${why}.`,
    hint: "Put the policy there as a regular file that the service's user can read, or unset POLICY_FILE.",
  };
}

/** A user other than root and the service's own could change the policy. */
export function policyUntrusted(file: string, why: string, hint: string): Issue {
  return {
    code: 'policy_untrusted',
    file,
    message: `The policy ${file} is not taken: ${why}.`,
    hint,
  };
}

/** The policy lies where those who write profiles may write. */
export function policyAmongProfiles(file: string, profilesDir: string): Issue {
  return {
    code: 'policy_among_profiles',
    file,
    message: `The policy ${file} lies inside the profiles directory ${profilesDir}, and whoever writes profiles would set their own limits.`,
    hint: 'Move it out of there, for example to /etc/github-flows/policy.json, and set POLICY_FILE to it.',
  };
}

/** The policy is no JSON document. */
export function policyNotJson(file: string, detail: string): Issue {
  return {
    code: 'policy_not_json',
    file,
    message: `The policy ${file} is not JSON: ${detail}.`,
    hint: 'Correct it there. JSON has double quotes, no comments and no comma after the last item.',
  };
}

/** A key that stands twice, so that it is not clear which of them counts. */
export function policyKeyTwice(file: string, path: string, line: number): Issue {
  return {
    code: 'policy_key_twice',
    file,
    path,
    message: `The key ${path} stands twice in the policy ${file}, the second time in line ${line}.`,
    hint: 'Remove one of the two; a reader would silently ignore the first.',
  };
}

/** A key that no policy has where it stands. */
export function policyUnknownKey(file: string, path: string, nearest: string): Issue {
  return {
    code: 'policy_unknown_key',
    file,
    path,
    message: `${path} in ${file} is no key of a policy; the nearest known key is \`${nearest}\`.`,
    hint: 'Correct or remove it. docs/policy.md lists every key.',
  };
}

/** A value of the wrong type or form; `what` completes the sentence that begins with where it is. */
export function policyWrongValue(file: string, path: string, what: string, wanted: string): Issue {
  return {
    code: 'policy_wrong_value',
    file,
    path,
    message: `${path === '' ? 'The whole document' : path} in ${file} ${what}.`,
    hint: `What belongs there: ${wanted.replace(/\.$/, '')}.`,
  };
}

/** An image that no rule of the policy allows. */
export function imageRefused(policy: Policy, image: string): Problem {
  const rules = (policy.images ?? []).map(({ name, digests }) =>
    digests
      ? `${name} with ${digests.length === 1 ? 'one digest' : `one of ${digests.length} digests`}`
      : name,
  );
  return {
    code: 'policy_image_refused',
    message: `The image ${image} is not among those that the policy in ${policy.file} allows: ${list(rules)}.`,
    hint: `Use one of these images, or ask the admin to add this one to \`images\` in ${policy.file}.`,
  };
}

/** A limit above its ceiling. */
export function limitRefused(policy: Policy, key: string, requested: string, most: string): Problem {
  return {
    code: 'policy_limit_exceeded',
    message: `runtime.${key} is ${requested}, and the policy in ${policy.file} allows ${most} at most.`,
    hint: `Write ${most} or less, or ask the admin to raise \`ceilings.${key}\` in ${policy.file}.`,
  };
}

/** A network that reaches further than the ceiling. */
export function reachRefused(policy: Policy, requested: NetworkReach, most: NetworkReach): Problem {
  const names = { none: 'no network', list: 'a list of hosts', open: 'the open network' };
  return {
    code: 'policy_network_refused',
    message: `The run would have ${names[requested]}, and the policy in ${policy.file} allows ${names[most]} at most.`,
    hint: `Set runtime.network to ${most === 'list' ? '{"allow": ["api.openai.com", …]} or "none"' : '"none"'}, or ask the admin to raise \`ceilings.network\` in ${policy.file}.`,
  };
}

/** A network of the engine that the policy does not list. */
export function networkRefused(policy: Policy, name: string): Problem {
  return {
    code: 'policy_network_refused',
    message: `The network ${name} is refused: ${allowed(policy, 'networks', policy.networks)}.`,
    hint: `Use runtime.network, or ask the admin to add it to \`networks\` in ${policyFile(policy)}.`,
  };
}

/** A runtime that the policy does not list. */
export function runtimeRefused(policy: Policy, name: string): Problem {
  return {
    code: 'policy_runtime_refused',
    message: `The OCI runtime ${name} is refused: ${allowed(policy, 'runtimes', policy.runtimes)}.`,
    hint: `Leave runtime.ociRuntime out, or ask the admin to add it to \`runtimes\` in ${policyFile(policy)}.`,
  };
}

/** Root inside the container without the policy's word for it. */
export function rootRefused(policy: Policy): Problem {
  const why = policy.file
    ? `the policy in ${policy.file} does not allow that`
    : 'that needs a policy of the admin, and none is set';
  return {
    code: 'policy_root_refused',
    message: `The run would be root or in the group of root in its container, and ${why}.`,
    hint: `Use a user and a group above 0, or ask the admin for \`"rootUser": true\` in ${policyFile(policy)}.`,
  };
}

/** Another user than RUN_AS that the policy does not list. */
export function userRefused(policy: Policy, user: string, runAs: string): Problem {
  return {
    code: 'policy_user_refused',
    message: `The run would be the user ${user} in its container, and not ${runAs} (RUN_AS): ${allowed(policy, 'users', policy.users ?? [])}.`,
    hint: `Leave runtime.user (or -u) out, or ask the admin to add ${user} to \`users\` in ${policyFile(policy)}.`,
  };
}

/** A volume that the policy does not list, or not as writable. */
export function volumeRefused(policy: Policy, name: string, listed: boolean): Problem {
  const volumes = policy.volumes.map((volume) =>
    volume.writable ? volume.name : `${volume.name} (readonly)`,
  );
  const what = listed ? `The volume ${name} is refused as writable` : `The volume ${name} is refused`;
  return {
    code: 'policy_volume_refused',
    message: `${what}: ${allowed(policy, 'volumes', volumes)}.`,
    hint: listed
      ? `Add readonly to the mount, or ask the admin for \`"writable": true\` in ${policyFile(policy)}.`
      : `Use --tmpfs for scratch space, or ask the admin to add it to \`volumes\` in ${policyFile(policy)}.`,
  };
}

function allowed(policy: Policy, what: string, names: readonly string[]): string {
  if (policy.file === undefined) return `${what} need a policy of the admin, and none is set`;
  if (names.length === 0) return `the policy in ${policy.file} allows no ${what}`;
  return `the policy in ${policy.file} allows the ${what} ${list(names)}`;
}

function policyFile({ file }: Policy): string {
  return file ?? 'a policy (POLICY_FILE)';
}

/** At most ten names: a policy may list a thousand. */
function list(names: readonly string[]): string {
  if (names.length === 0) return 'none at all';
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return `${names.slice(0, 10).join(', ')}${more}`;
}
