import { type Fault, FaultsError } from '../base/errors.ts';

/** The policy cannot be used as it is. */
export function policyInvalid(file: string, faults: readonly Fault[]): FaultsError {
  const [first] = faults;
  const more = faults.length > 1 ? ` And ${faults.length - 1} more.` : '';
  return new FaultsError(
    {
      code: 'policy_invalid',
      blame: 'operator',
      message: `The policy in ${file} cannot be used. ${first?.message ?? ''}${more}`,
      hint: `${first?.hint ?? ''} \`github-flows doctor\` lists all faults.`,
    },
    faults,
  );
}

/** POLICY_FILE names what is not there, cannot be read, or is no file. */
export function policyUnreadable(file: string, why: string): Fault {
  return {
    code: 'policy_unreadable',
    file,
    message: `The policy ${file} cannot be read: ${why}.`,
    hint: "Put the policy there as a regular file that the service's user can read, or unset POLICY_FILE.",
  };
}

/** Somebody else than root and the service's user could change the policy. */
export function policyUntrusted(file: string, why: string, hint: string): Fault {
  return {
    code: 'policy_untrusted',
    file,
    message: `The policy ${file} is not taken: ${why}.`,
    hint,
  };
}

/** The policy lies where those who write profiles may write. */
export function policyAmongProfiles(file: string, profilesDir: string): Fault {
  return {
    code: 'policy_among_profiles',
    file,
    message: `The policy ${file} lies inside the profiles directory ${profilesDir}, and whoever writes profiles would set their own limits.`,
    hint: 'Move it out of there, for example to /etc/github-flows/policy.json, and set POLICY_FILE to it.',
  };
}

/** The policy is no JSON document. */
export function policyNotJson(file: string, detail: string): Fault {
  return {
    code: 'policy_not_json',
    file,
    message: `The policy ${file} is not JSON: ${detail}.`,
    hint: 'Correct it there. JSON has double quotes, no comments and no comma after the last item.',
  };
}

/** A key that stands twice, so that it is not clear which of them counts. */
export function policyKeyTwice(file: string, path: string, line: number): Fault {
  return {
    code: 'policy_key_twice',
    file,
    path,
    message: `The key ${path} stands twice in the policy ${file}, the second time in line ${line}.`,
    hint: 'Remove one of the two; a reader would silently ignore the first.',
  };
}

/** A key that no policy has where it stands. */
export function policyUnknownKey(file: string, path: string, nearest: string): Fault {
  return {
    code: 'policy_unknown_key',
    file,
    path,
    message: `${path} in ${file} is no key of a policy; the nearest known key is \`${nearest}\`.`,
    hint: 'Correct or remove it. docs/policy.md lists every key.',
  };
}

/** A value of the wrong type or form; `what` completes the sentence that begins with where it is. */
export function policyWrongValue(file: string, path: string, what: string, wanted: string): Fault {
  return {
    code: 'policy_wrong_value',
    file,
    path,
    message: `${path === '' ? 'The whole document' : path} in ${file} ${what}.`,
    hint: `What belongs there: ${wanted.replace(/\.$/, '')}.`,
  };
}
