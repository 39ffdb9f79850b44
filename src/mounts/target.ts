import { FlowError } from '../base/errors.ts';
import { isInside } from '../base/files.ts';
import { quoted } from '../base/text.ts';
import { checkTargetPath } from './paths.ts';

/** Where the copies of a run's credentials lie in its container. */
export const SECRETS_TARGET = '/run/secrets';

/** The directories of a container that belong to its image, its kernel or to the service. */
const TAKEN = ['/bin', '/boot', '/dev', '/etc', '/proc', '/root', '/run', '/sbin', '/sys', '/usr', '/var'];

/**
 * Holds a path in the container, for a mount or as the working directory, to DESIGN §7: not `/`, not `/workspace`
 * itself, and not in a directory of the system. Throws `mount_path_invalid`, `mount_target_denied`.
 */
export function checkTarget(target: string): void {
  checkTargetPath(target);
  if (target === '/') throw targetDenied(target, 'it is the whole container');
  if (target === '/workspace') throw targetDenied(target, "it is the run's own workspace");
  const root = TAKEN.find((directory) => isInside(directory, target)) ?? /^\/lib[^/]*/.exec(target)?.[0];
  if (root !== undefined) throw targetDenied(target, `${root} belongs to the image or to the service`);
}

/**
 * Like `checkTarget`, and below `/workspace` only a name of its own directly there: the engine makes mount points
 * as root, deeper ones could not be removed by a service that is not root, and in the clone the repository's own
 * links would decide where the mount ends up. Throws `mount_path_invalid`, `mount_target_denied`.
 */
export function checkMountTarget(target: string): void {
  checkTarget(target);
  if (!isInside('/workspace', target)) return;
  const [, , name, ...deeper] = target.split('/');
  if (name === 'repo') throw targetDenied(target, 'the clone of the repository lies in /workspace/repo');
  if (deeper.length > 0) throw targetDenied(target, 'inside /workspace a mount lies directly below it');
}

function targetDenied(target: string, why: string): FlowError {
  return new FlowError({
    code: 'mount_target_denied',
    blame: 'profile',
    message: `${quoted(target)} cannot be a destination in the container: ${why}.`,
    hint: 'Choose a place of its own, such as /data or /home/user/data; credential files go directly below /run/secrets.',
  });
}
