import { inspect } from 'node:util';
import { FlowError } from '../base/errors.ts';
import { cutText, quoted } from '../base/text.ts';
import { NO_POLICY, type Policy } from '../policy/policy.ts';

const LIST = 'docs/mounts.md lists the flags that a profile may use.';

/** An argument that is no text (a number, a list, …). */
export function argumentNotText(value: unknown): FlowError {
  return new FlowError({
    code: 'docker_arg_not_text',
    blame: 'profile',
    message: `Every entry of dockerArgs is a text, but ${cutText(inspect(value, { depth: 1, breakLength: Infinity }), 200)} is not.`,
    hint: 'Write each flag and each value as a JSON string, for example "--memory", "2g".',
  });
}

/** An argument with characters that no flag needs: control characters, broken Unicode, or far too many of them. */
export function argumentUnreadable(arg: string, why: string): FlowError {
  return new FlowError({
    code: 'docker_arg_unreadable',
    blame: 'profile',
    message: `The argument ${quoted(arg)} of dockerArgs ${why}.`,
    hint: 'Remove these characters; what needs them can be put into a file and mounted.',
  });
}

/** More arguments than any run needs; none of them is read. */
export function tooManyArguments(count: number, most: number): FlowError {
  return new FlowError({
    code: 'docker_args_too_many',
    blame: 'profile',
    message: `dockerArgs has ${count} entries, and ${most} are the most that are read.`,
    hint: 'Put variables into runtime.env, and mount one directory rather than each of its files.',
  });
}

/** An argument that is neither a flag nor the value of one. */
export function argumentNotAFlag(arg: string, hint: string): FlowError {
  return new FlowError({
    code: 'docker_arg_not_a_flag',
    blame: 'profile',
    message: `${quoted(arg)} in dockerArgs is neither a flag nor the value of one.`,
    hint,
  });
}

/** A flag that is not among the known ones. */
export function flagUnknown(flag: string, hint: string): FlowError {
  return new FlowError({
    code: 'docker_flag_unknown',
    blame: 'profile',
    message: `The flag ${quoted(flag)} is not among the docker run flags that a profile may use.`,
    hint: `${hint} ${LIST}`,
  });
}

/** A flag that may stand once only stands twice. */
export function flagRepeated(flag: string, what?: string): FlowError {
  return new FlowError({
    code: 'docker_flag_repeated',
    blame: 'profile',
    message: `The flag ${flag} is given twice${what === undefined ? '' : ` for ${quoted(what)}`}, so it is not clear which of them counts.`,
    hint: `Keep one of them.`,
  });
}

/** A flag without its value. */
export function flagValueMissing(flag: string): FlowError {
  return new FlowError({
    code: 'docker_flag_value_missing',
    blame: 'profile',
    message: `The flag ${flag} needs a value, and none follows it.`,
    hint: `Write the value as the next entry of dockerArgs, or as ${flag}=VALUE where ${flag} begins with two dashes.`,
  });
}

/** A value that the flag does not take. `why` completes "… is refused because"; `hint` shows the right form. */
export function flagValueInvalid(flag: string, value: string, why: string, hint: string): FlowError {
  return new FlowError({
    code: 'docker_flag_value_invalid',
    blame: 'profile',
    message: `The value ${quoted(value)} of ${flag} cannot be used: ${why}.`,
    hint,
  });
}

/** A value that would take away a wall: no limit, no init, the root user. */
export function flagWeakens(flag: string, value: string, why: string, hint: string): FlowError {
  return new FlowError({
    code: 'docker_flag_weakens',
    blame: 'profile',
    message: `${flag} with ${quoted(value)} is refused: ${why}.`,
    hint,
  });
}

/** A thing that only an admin's policy could allow, and does not; `allowed` are the names of its kind that it does. */
export function needsPolicy(
  flag: string,
  value: string,
  what: string,
  hint: string,
  policy: Policy = NO_POLICY,
  allowed: readonly string[] = [],
): FlowError {
  const names = allowed.length > 10 ? [...allowed.slice(0, 10), '…'] : allowed;
  const listed = names.length === 0 ? 'none of this kind' : `of this kind: ${names.join(', ')}`;
  const why = policy.file
    ? `the policy in ${policy.file} does not allow ${what} like this, and allows ${listed}`
    : `${what} would need a policy of the admin, and a profile alone cannot give it`;
  return new FlowError({
    code: 'docker_flag_needs_policy',
    blame: 'profile',
    message: `${flag} with ${quoted(value)} is refused: ${why}.`,
    hint,
  });
}

/** A mount whose value does not follow the grammar. */
export function mountSyntax(value: string, why: string, hint: string): FlowError {
  return new FlowError({
    code: 'mount_syntax',
    blame: 'profile',
    message: `The mount ${quoted(value)} cannot be read: ${why}.`,
    hint,
  });
}

/** A bind that is no credential, not read-only, and none that the policy lists as writable. */
export function mountWritable(source: string, policy: Policy = NO_POLICY): FlowError {
  const writable = policy.mounts.flatMap((mount) => (mount.writable ? [mount.source] : [])).slice(0, 10);
  const listed = writable.length === 0 ? 'nothing' : writable.join(', ');
  const why = policy.file
    ? `the policy in ${policy.file} lists ${listed} as writable`
    : 'that would need a policy of the admin, and a profile alone cannot give it';
  return new FlowError({
    code: 'mount_writable',
    blame: 'profile',
    message: `${quoted(source)} would be mounted writable; ${why}.`,
    hint: 'Add readonly to --mount, or :ro to -v; what a run writes goes into its workspace or a tmpfs.',
  });
}

/** A source of the final plan that is no longer where it was when it was checked. */
export function sourceChanged(source: string, real: string): FlowError {
  return new FlowError({
    code: 'mount_source_changed',
    blame: 'operator',
    message: `${quoted(source)} was checked, and now leads to ${quoted(real)}, so nothing was started.`,
    hint: 'Find out who replaced it by a link; a run that is started again checks it anew.',
  });
}

/** A bind of the final plan that shows an agent's login, which only a copy may carry. */
export function credentialBound(source: string, directory: string): FlowError {
  return new FlowError({
    code: 'mount_credential_bound',
    blame: 'operator',
    message: `${quoted(source)} has come to hold an agent's login since it was checked, so it is not mounted as it is.`,
    hint: `Mount it at /home/user/${directory}, where it is delivered as a copy, or move the login away.`,
  });
}

/** A source that lies in a directory which runs may write, so that a run could put anything in its place. */
export function sourceInWritable(source: string, directory: string): FlowError {
  return new FlowError({
    code: 'mount_inside_writable',
    blame: 'operator',
    message: `${quoted(source)} lies in ${quoted(directory)}, which the policy lets runs write, so a run could put a link to anything in its place.`,
    hint: 'Mount the whole directory as the policy lists it, or move what is only read out of it.',
  });
}

/** A source that holds what the deny-list names, or a socket; only for the former a policy can take the admin's word. */
export function heldDenied(source: string, path: string, reason: string, policy?: Policy): FlowError {
  const what = path === source ? 'it is what no run may have' : `it holds ${quoted(path)}`;
  const admin =
    policy &&
    ` The admin could also list it under \`mounts\` in ${policy.file ?? 'a policy (POLICY_FILE)'} with "unsearched": true.`;
  return new FlowError({
    code: 'mount_denied',
    blame: 'profile',
    message: `${quoted(source)} may never be mounted: ${what}, and ${reason}.`,
    hint: `Mount a directory of its own with only what the agent needs, such as /srv/agent-data, or take that out of it; docs/mounts.md has the whole list.${admin ?? ''}`,
  });
}

/** A source that cannot be searched for what the deny-list names. */
export function sourceTooLarge(source: string, why: string, policy: Policy): FlowError {
  return new FlowError({
    code: 'mount_too_large_to_search',
    blame: 'profile',
    message: `${quoted(source)} cannot be searched for secrets and sockets: ${why}.`,
    hint: `Mount a smaller part of it, or have the admin list it under \`mounts\` in ${policy.file ?? 'a policy (POLICY_FILE)'} with "unsearched": true, which takes the admin's word that no secret is in it.`,
  });
}
