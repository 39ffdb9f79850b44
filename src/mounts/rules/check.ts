import { posix } from 'node:path';
import type { Problem } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { credentialBound, mountWritable, sourceChanged } from '../errors.ts';
import type { CheckedMount, MountArg, MountHost } from '../mount.ts';
import { checkMountTarget } from '../paths.ts';
import { searchBelow } from './below.ts';
import { loginHeld } from './credential-mount.ts';
import { type DenyList, loadDenyList } from './deny-list.ts';
import { refuseDenied } from './deny-match.ts';
import { type Examined, examine } from './examine.ts';
import { isWritableByPolicy, refuseInsideWritable } from './policy-mounts.ts';
import { followLinks, type ResolvedPath } from './resolve.ts';
import { checkOwnership, refuseAbsent, refuseSpecialFile } from './source-state.ts';

/**
 * Checks a profile's mounts as far as that can be done before a run: destinations, and sources on the literal and on
 * the real path; one that is missing is no error yet. `mounts` holds those without a problem. Never throws.
 * A caller that checks many profiles passes one `denyList` for all of them.
 */
export function checkMounts(
  mounts: readonly MountArg[],
  host: MountHost,
  denyList?: DenyList,
): { mounts: CheckedMount[]; problems: (Problem & { asWritten: string })[] } {
  const examined = examine(mounts, host, denyList);
  return {
    mounts: passed(examined),
    problems: examined.flatMap(({ mount, issues }) =>
      issues.map((issue) => ({ ...issue.toProblem(), asWritten: mount.asWritten })),
    ),
  };
}

/**
 * Checks the mounts again for one launch, and what only matters then: that the sources of binds are there, and that
 * nobody untrusted can change the way to them. Credentials may still be missing: the code that copies them reports it better.
 * Throws the first error: those of `checkMounts`, `mount_source_missing`, `mount_source_unreadable`,
 * `mount_source_untrusted`.
 */
export function resolveMounts(mounts: readonly MountArg[], host: MountHost): CheckedMount[] {
  const examined = examine(mounts, host);
  const issue = examined.flatMap(({ issues }) => issues)[0];
  if (issue) throw issue;
  for (const { mount, checked, resolved } of examined) {
    if (mount.type !== 'bind' || checked?.kind !== 'bind' || !resolved) continue;
    refuseAbsent(mount.source, resolved);
    checkOwnership(mount.source, resolved, host.trustedUids);
  }
  return passed(examined);
}

/**
 * The last look before a container starts, at exactly the binds that the engine will get. Directories in `own` belong
 * to this run and may lie where no profile may mount; every other source must still be what was checked, and no
 * credential: those are copied. `readOnly` is true unless set; without `search` nothing below the sources is looked
 * at, because the caller has just done so. Throws `mount_denied`, `mount_too_large_to_search`, `mount_writable`, `mount_source_changed`, `mount_credential_bound` and what
 * `resolveMounts` throws.
 */
export function checkPlanMounts(
  binds: readonly { source: string; target: string; readOnly?: boolean }[],
  host: MountHost,
  own: readonly string[],
  options: { search: boolean } = { search: true },
): void {
  if (binds.length === 0) return;
  const list = loadDenyList(host);
  for (const { source, target, readOnly = true } of binds) {
    const resolved = followLinks(source);
    const isOurs = isOwn(source, resolved, own);
    refuseDenied(source, resolved, list, isOurs ? 'own' : 'bind');
    if (isOurs) continue;
    if (resolved.real !== source) throw sourceChanged(source, resolved.real);
    refuseAbsent(source, resolved);
    refuseSpecialFile(source, resolved);
    refuseInsideWritable(source, resolved, list.policy);
    if (!readOnly && !isWritableByPolicy(list.policy, source)) throw mountWritable(source, list.policy);
    checkOwnership(source, resolved, host.trustedUids);
    checkMountTarget(target);
    const login = loginHeld(source, host.agents);
    if (login) throw credentialBound(source, login.state.directory);
    if (options.search) searchBelow(source, resolved, list);
  }
}

function passed(examined: readonly Examined[]): CheckedMount[] {
  return examined.flatMap(({ checked }) => checked ?? []);
}

/**
 * Whether a source lies in one of a run's own directories or is one of them, with no symbolic link from there on: a
 * link inside could lead to what is not the run's.
 */
function isOwn(source: string, resolved: ResolvedPath, own: readonly string[]): boolean {
  return own.some((directory) => {
    if (!isInside(directory, source)) return false;
    const parent = followLinks(posix.dirname(directory)).real;
    return resolved.real === posix.join(parent, posix.basename(directory), posix.relative(directory, source));
  });
}
