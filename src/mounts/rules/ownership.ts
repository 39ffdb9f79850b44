import type { Stats } from 'node:fs';
import { FlowError } from '../../base/errors.ts';
import { quoted, shellQuote } from '../../base/text.ts';
import type { ResolvedPath } from './resolve.ts';

const GROUP_WRITE = 0o020;
const OTHER_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Holds every directory, link and file on the way to a source to this: it belongs to root or to one of `trustedUids`
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
