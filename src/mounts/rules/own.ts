import { posix } from 'node:path';
import { isInside } from '../../base/files.ts';
import { followLinks, type ResolvedPath } from './resolve.ts';

/**
 * Whether a source lies in one of a run's own directories or is one of them, with no symbolic link from there on: a
 * link inside could lead to what is not the run's.
 */
export function isOwn(source: string, resolved: ResolvedPath, own: readonly string[]): boolean {
  return own.some((directory) => {
    if (!isInside(directory, source)) return false;
    const parent = followLinks(posix.dirname(directory)).real;
    return resolved.real === posix.join(parent, posix.basename(directory), posix.relative(directory, source));
  });
}
