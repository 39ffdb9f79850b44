import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { type Issue, systemCode } from '../base/errors.ts';
import { ancestors } from '../base/files.ts';
import { policyUnreadable, policyUntrusted } from './errors.ts';

/** More than any policy holds, in bytes. */
const MAX_BYTES = 256 * 1024;

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** The text of a policy file, or every reason why it is not taken. */
type PolicyText = { text: string } | { issues: readonly Issue[] };

/**
 * Reads the policy file, if nobody but root and the user `uid` could have written it: the file and every directory on
 * the way belong to one of the two and are writable by no one else (a sticky directory of root excepted), and no
 * symbolic link leads there. What is checked is what is read: one descriptor serves both.
 */
export function readPolicyFile(file: string, uid: number): PolicyText {
  let descriptor: number | undefined;
  try {
    const real = realpathSync(file);
    if (real !== file) return { issues: [throughLink(file, real)] };
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { issues: [policyUnreadable(file, 'it is no regular file')] };
    const way = ancestors(file).slice(1);
    const issues = [
      ...trustIssues(file, file, stats, uid),
      ...way.flatMap((path) => trustIssues(file, path, lstatSync(path), uid)),
    ];
    if (issues.length > 0) return { issues };
    return readText(file, descriptor);
  } catch (error) {
    return { issues: [policyUnreadable(file, readFailure(error))] };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readText(file: string, descriptor: number): PolicyText {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read)
    read = readSync(descriptor, buffer, length, buffer.length - length, null);
  if (length > MAX_BYTES) return { issues: [policyUnreadable(file, `it is larger than ${MAX_BYTES} bytes`)] };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length)) };
  } catch {
    return { issues: [policyUnreadable(file, 'it is not UTF-8 text')] };
  }
}

function trustIssues(file: string, path: string, stats: Stats, uid: number): Issue[] {
  if (stats.uid !== 0 && stats.uid !== uid) {
    const why = `${path} belongs to the user ${stats.uid}, who could replace it`;
    return [policyUntrusted(file, why, `Make it root's: chown root:root ${path}`)];
  }
  const sticky = stats.isDirectory() && stats.uid === 0 && (stats.mode & STICKY) !== 0;
  if (sticky || (stats.mode & WRITABLE_BY_OTHERS) === 0) return [];
  const why = `others than its owner may write ${path} (mode ${(stats.mode & 0o7777).toString(8)})`;
  return [policyUntrusted(file, why, `Take that away: chmod go-w ${path}`)];
}

function throughLink(file: string, real: string): Issue {
  const why = `a symbolic link leads from there to ${real}, and links can be turned`;
  return policyUntrusted(file, why, `Set POLICY_FILE=${real}`);
}

function readFailure(error: unknown): string {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'it is not there';
  if (code === 'EACCES' || code === 'EPERM') return "the service's user may not read it";
  if (code === 'ELOOP') return 'its symbolic links go in a circle';
  if (code === 'ENXIO') return 'it is no regular file';
  return `the system says ${code}`;
}
