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
