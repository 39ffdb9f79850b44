import { readFileSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { isInside } from '../../base/files.ts';

/** One mount of this process's view: where it is, and which directory of its file system it shows. */
type HostMount = { root: string; point: string };

const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * Whether a container's engine lives outside of it, so that what the engine mounts are paths of another view of the
 * host: its socket was mounted in, or is not there at all. An engine that was started inside the same container sees
 * what the service sees.
 */
export function isEngineOutside(engineSocket = DEFAULT_SOCKET, mountinfo = readMountinfo()): boolean {
  try {
    const socket = realpathSync(engineSocket);
    return parseMounts(mountinfo).some(({ point }) => point === socket);
  } catch {
    return true;
  }
}

/**
 * Whether a path inside a container is shown from the host under the same path, as far as mounts show it: it lies on a
 * mount of its own, whose directory on the host ends in the same name.
 */
export function isSharedPath(path: string, mountinfo = readMountinfo()): boolean {
  const covering = parseMounts(mountinfo).filter(({ point }) => isInside(point, path));
  const mount = covering.reduce((best, next) => (next.point.length >= best.point.length ? next : best), {
    root: '/',
    point: '/',
  });
  if (mount.point === '/') return false;
  return mount.root === '/' || posix.basename(mount.root) === posix.basename(mount.point);
}

/**
 * What a path of the host may be called here: below each mount that shows a part of its file system and holds the path.
 * Whether anything is there is for the caller to see.
 */
export function namesByMount(path: string, mounts: readonly HostMount[]): string[] {
  return mounts.flatMap(({ root, point }) =>
    root !== '/' && isInside(root, path) ? [posix.join(point, posix.relative(root, path))] : [],
  );
}

/** The mounts that this process sees now; none where /proc is not there. */
export function readMounts(): HostMount[] {
  return parseMounts(readMountinfo());
}

/** The lines of /proc/self/mountinfo: proc_pid_mountinfo(5). Spaces in paths are written as octal escapes. */
export function parseMounts(mountinfo: string): HostMount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , root, point] = line.split(' ');
    return root === undefined || point === undefined
      ? []
      : [{ root: unescaped(root), point: unescaped(point) }];
  });
}

function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function readMountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
