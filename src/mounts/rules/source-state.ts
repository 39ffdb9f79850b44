import type { Stats } from 'node:fs';
import { FlowError } from '../../base/errors.ts';
import { quoted, shellQuote } from '../../base/text.ts';
import type { MountHost } from '../mount.ts';
import { isEngineOutside, isSharedPath } from './host-view.ts';
import type { ResolvedPath } from './resolve.ts';

/** Refuses what is neither a file nor a directory. Throws `mount_special_file`. */
export function refuseSpecialFile(source: string, { stats }: ResolvedPath): void {
  if (!stats || stats.isFile() || stats.isDirectory()) return;
  const kind = stats.isSocket() ? 'a socket' : stats.isFIFO() ? 'a FIFO' : 'a device';
  throw new FlowError({
    code: 'mount_special_file',
    blame: 'profile',
    message: `${quoted(source)} is ${kind}, and only files and directories are mounted.`,
    hint: 'Leave it out: what runs in the container reaches no socket, FIFO or device of the host; docs/mounts.md says what to do instead.',
  });
}

/**
 * In a container whose engine is outside, refuses a source that the service cannot see under the same path: what the
 * engine would mount there cannot be checked. Throws `mount_source_unseen`.
 */
export function refuseUnseen(source: string, resolved: ResolvedPath, host: MountHost): void {
  if (!host.inContainer || !isEngineOutside(host.engineSocket)) return;
  if (resolved.state === 'there' && isSharedPath(resolved.real)) return;
  throw new FlowError({
    code: 'mount_source_unseen',
    blame: 'operator',
    message: `${quoted(source)} cannot be checked: the service runs in a container and does not see it under the same path as the host.`,
    hint: `Give it to the service's own container under the same path: -v ${shellQuote(`${resolved.real}:${resolved.real}:ro`)}`,
  });
}

/** Refuses a source that is not there, or that the service may not look at. Throws `mount_source_missing`, `mount_source_unreadable`. */
export function refuseAbsent(source: string, resolved: ResolvedPath): void {
  if (resolved.state === 'missing') {
    throw new FlowError({
      code: 'mount_source_missing',
      blame: 'operator',
      message: `${quoted(source)} is not there, so the run that mounts it cannot start.`,
      hint: `Make it, for example with \`mkdir -p ${shellQuote(resolved.real)}\`, or take the mount out of the profile.`,
    });
  }
  if (resolved.state === 'unreadable') {
    throw new FlowError({
      code: 'mount_source_unreadable',
      blame: 'operator',
      message: `${quoted(source)} cannot be checked: the service's user may not look into a directory on the way.`,
      hint: `See with \`namei -l ${shellQuote(source)}\` which one it is, and let the service's user search it.`,
    });
  }
}

const GROUP_WRITE = 0o020;
const OTHER_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Checks every directory, link and file on the way to a source: it belongs to root or to one of `trustedUids`
 * and nobody else may write it, because the engine looks the way up again when the container starts. A sticky
 * directory of root (such as /tmp) is fine on the way, since only its owner can replace an entry of it.
 * Throws `mount_source_untrusted`.
 */
export function checkOwnership(source: string, resolved: ResolvedPath, trustedUids: readonly number[]): void {
  const trusted = new Set([0, ...trustedUids]);
  for (const { path, stats } of resolved.passed) {
    if (!trusted.has(stats.uid)) {
      const why = `${quoted(path)} belongs to the user ${stats.uid}, who could put something else in its place`;
      throw untrusted(source, why, `chown -h root ${shellQuote(path)}`);
    }
    if (isWritableByOthers(stats) && (path === resolved.real || !isStickyOfRoot(stats))) {
      const why = `others than its owner may write ${quoted(path)} (mode ${(stats.mode & 0o7777).toString(8)})`;
      throw untrusted(source, why, `chmod go-w ${shellQuote(path)}`);
    }
  }
}

/** The mode of a link means nothing; the mode of its directory counts. */
function isWritableByOthers(stats: Stats): boolean {
  return !stats.isSymbolicLink() && (stats.mode & (GROUP_WRITE | OTHER_WRITE)) !== 0;
}

function isStickyOfRoot(stats: Stats): boolean {
  return stats.isDirectory() && stats.uid === 0 && (stats.mode & STICKY) !== 0;
}

function untrusted(source: string, why: string, command: string): FlowError {
  return new FlowError({
    code: 'mount_source_untrusted',
    blame: 'operator',
    message: `${quoted(source)} is not mounted: ${why}.`,
    hint: `Make it safe with \`${command}\`, or mount a directory that only root and the service's user can change.`,
  });
}
