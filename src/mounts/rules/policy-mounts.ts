import { asFlowError, type Problem } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import { NO_POLICY, type Policy, type PolicyMount } from '../../policy/policy.ts';
import { sourceInWritable } from '../errors.ts';
import type { MountHost } from '../mount.ts';
import { loadDenyList } from './deny-list.ts';
import { refuseDenied } from './deny-match.ts';
import { followLinks, type ResolvedPath } from './resolve.ts';
import { refuseSpecialFile } from './source-state.ts';

/** Whether the policy lists this very file or directory as writable; what lies in it never is by itself. */
export function isWritableByPolicy(policy: Policy, real: string): boolean {
  return policy.mounts.some(({ source, writable }) => writable && source === real);
}

/**
 * Refuses a source inside a directory that runs may write: between the check and the engine's own look, or before
 * both, a run could have put a link there. Throws `mount_inside_writable`.
 */
export function refuseInsideWritable(source: string, resolved: ResolvedPath, policy: Policy): void {
  const writable = policy.mounts.filter((mount) => mount.writable);
  for (const { source: directory } of writable) {
    if (resolved.spellings.some((path) => path !== directory && isInside(directory, path)))
      throw sourceInWritable(source, directory);
  }
}

/**
 * What is wrong with the mounts of a policy on this host, by their place in the list: those that no policy can allow
 * (sockets, keys, `.env`, the service's own), links (what is listed is the real path), sockets and devices, and what
 * lies in a directory listed as writable. One that is not there yet is no error.
 */
export function checkPolicyMounts(
  mounts: readonly PolicyMount[],
  host: MountHost,
): (Problem & { index: number })[] {
  const policy: Policy = { ...NO_POLICY, mounts };
  return mounts.flatMap(({ source }, index) => {
    try {
      const { real } = followLinks(source);
      refuseListed(real, host);
      if (real !== source) return [{ index, ...listsLink(source, real) }];
      refuseInsideWritable(source, followLinks(source), policy);
      return [];
    } catch (error) {
      return [{ index, ...notForPolicy(asFlowError(error).message) }];
    }
  });
}

/** Refuses a path that may not be mounted even when the policy lists it. Throws `mount_denied`, `mount_special_file`. */
function refuseListed(path: string, host: MountHost): void {
  const policy: Policy = { ...NO_POLICY, mounts: [{ source: path, writable: false }] };
  const resolved = followLinks(path);
  refuseDenied(path, resolved, loadDenyList({ ...host, policy: () => policy }), 'copy');
  refuseSpecialFile(path, resolved);
}

function notForPolicy(message: string): Problem {
  return {
    code: 'policy_mount_refused',
    message: `The policy cannot allow this mount: ${message}`,
    hint: 'Remove it. A policy widens neither sockets, keys and logins, .env files, nor what belongs to the service; docs/policy.md says what it can.',
  };
}

function listsLink(source: string, real: string): Problem {
  return {
    code: 'policy_mount_link',
    message: `${quoted(source)} leads through a symbolic link to ${quoted(real)}, and a link can be turned.`,
    hint: `List ${quoted(real)} instead, and mount that.`,
  };
}
