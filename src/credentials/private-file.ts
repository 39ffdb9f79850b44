import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { systemCode } from '../base/errors.ts';
import { shellQuote } from '../base/text.ts';

/** What keeps a file or directory of credentials from being used; `path` is the one at fault, `mode` its permission bits. */
export type FileIssue =
  | { kind: 'missing'; path: string }
  | { kind: 'not-directory'; path: string }
  | { kind: 'unreadable'; path: string; detail: string }
  | { kind: 'not-regular'; path: string; what: string }
  | { kind: 'too-large'; path: string; maxBytes: number }
  | { kind: 'open-to-others'; path: string; mode: number; directory: boolean }
  | { kind: 'wrong-owner'; path: string; owner: number; wanted: number; directory: boolean };

/** A file that was read through the very descriptor that was checked, or all that is wrong with it. */
type FileReading =
  | { issues: readonly []; content: Buffer; stat: Stats }
  | { issues: readonly [FileIssue, ...FileIssue[]] };

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The user the service runs as; 0 may use credentials of any account. */
export function serviceUid(): number {
  return process.getuid?.() ?? 0;
}

/** Opens a directory, or gives what keeps it from being opened. With `entryOf`, an open directory, its last component may be no link. */
export async function openDirectory(path: string, entryOf?: FileHandle): Promise<FileHandle | FileIssue> {
  try {
    return entryOf
      ? await open(entry(entryOf, basename(path)), DIRECTORY | constants.O_NOFOLLOW)
      : await open(path, DIRECTORY);
  } catch (error) {
    return openIssue(path, error);
  }
}

/** The path of `name` in an open directory, also after the directory was renamed. */
export function entry(directory: FileHandle, name: string): string {
  return `/proc/self/fd/${directory.fd}/${name}`;
}

/** What is wrong with whose a file or directory is and who else may use it; `uid` is the service's user. */
export function accessIssues(path: string, stat: Stats, uid: number): FileIssue[] {
  const directory = stat.isDirectory();
  const issues: FileIssue[] = [];
  const mode = stat.mode & 0o7777;
  if (mode & 0o077) issues.push({ kind: 'open-to-others', path, mode, directory });
  if (uid !== 0 && stat.uid !== uid) {
    issues.push({ kind: 'wrong-owner', path, owner: stat.uid, wanted: uid, directory });
  }
  return issues;
}

/** Reads the regular file `path`, an entry of the open `directory`; links are not followed, special files not waited for. */
export async function readEntry(directory: FileHandle, path: string, maxBytes: number): Promise<FileReading> {
  let file: FileHandle | undefined;
  try {
    file = await open(entry(directory, basename(path)), FILE);
    const stat = await file.stat();
    if (!stat.isFile()) return { issues: [{ kind: 'not-regular', path, what: kindOf(stat) }] };
    const content = stat.size > maxBytes ? undefined : await readBounded(file, stat.size, maxBytes);
    return content ? { issues: [], content, stat } : { issues: [{ kind: 'too-large', path, maxBytes }] };
  } catch (error) {
    return { issues: [entryIssue(path, error)] };
  } finally {
    await file?.close();
  }
}

/**
 * Reads a file that must be private: it and the directory it is in belong to the service's user (to anyone when
 * `uid` is 0) and have no bits for group and others. Gives all errors of both; never throws for an error of the file.
 */
export async function readPrivateFile(
  path: string,
  options: { maxBytes: number; uid: number },
): Promise<FileReading> {
  const parent = dirname(path);
  const directory = await openDirectory(parent);
  if ('kind' in directory)
    return { issues: [directory.kind === 'missing' ? { kind: 'missing', path } : directory] };
  try {
    const reading = await readEntry(directory, path, options.maxBytes);
    const issues = accessIssues(parent, await directory.stat(), options.uid);
    if ('stat' in reading) issues.push(...accessIssues(path, reading.stat, options.uid));
    else issues.push(...reading.issues);
    const [first, ...rest] = issues;
    return first ? { issues: [first, ...rest] } : reading;
  } finally {
    await directory.close();
  }
}

/** Everything up to the end, or undefined when there is more than `maxBytes`. */
async function readBounded(file: FileHandle, size: number, maxBytes: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(Math.min(maxBytes, size) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  return undefined;
}

function openIssue(path: string, error: unknown): FileIssue {
  const code = systemCode(error);
  if (code === 'ENOENT') return { kind: 'missing', path };
  if (code === 'ENOTDIR') return { kind: 'not-directory', path };
  if (code === 'EACCES' || code === 'EPERM') {
    return { kind: 'unreadable', path, detail: "the service's user may not read it" };
  }
  return { kind: 'unreadable', path, detail: error instanceof Error ? error.message : String(error) };
}

function entryIssue(path: string, error: unknown): FileIssue {
  const code = systemCode(error);
  if (code === 'ELOOP') return { kind: 'not-regular', path, what: 'a symbolic link' };
  if (code === 'ENXIO') return { kind: 'not-regular', path, what: 'a socket' };
  return openIssue(path, error);
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a named pipe';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

/** Message and hint of an error: what happened to which file, and the command that fixes it. `noun` begins the sentence; `create` makes the file. */
export function describeFileIssue(
  noun: string,
  issue: FileIssue,
  create: string,
): { message: string; hint: string } {
  const path = shellQuote(issue.path);
  switch (issue.kind) {
    case 'missing':
      return { message: `${noun} ${issue.path} is not there.`, hint: create };
    case 'not-directory':
      return {
        message: `${noun} ${issue.path} is not a directory, or something above it is none.`,
        hint: `See what is there with \`namei -l ${path}\`, and move it away. Then: ${create}`,
      };
    case 'unreadable':
      return {
        message: `${noun} ${issue.path} cannot be read: ${issue.detail}.`,
        hint: `See whose it is with \`ls -ld ${path}\`; \`sudo chown "$(id -u)" ${path}\`, run as the service's user, makes it the service's.`,
      };
    case 'not-regular':
      return {
        message: `${noun} ${issue.path} is ${issue.what}, not a regular file.`,
        hint:
          issue.what === 'a directory'
            ? `Remove it (a \`docker run -v\` whose source was missing leaves such a directory): \`sudo rmdir ${path}\`. Then: ${create}`
            : `Put the file itself in its place: \`rm ${path}\`. Then: ${create}`,
      };
    case 'too-large':
      return {
        message: `${noun} ${issue.path} is larger than ${issue.maxBytes} bytes.`,
        hint: `See what is in it with \`head -c 200 ${path}\`, and put the right file in its place.`,
      };
    case 'open-to-others':
      return {
        message: `${noun} ${issue.path} is open to other accounts: its mode is ${issue.mode.toString(8)}.`,
        hint: `Run \`chmod ${issue.directory ? '700' : '600'} ${path}\`.`,
      };
    case 'wrong-owner':
      return {
        message: `${noun} ${issue.path} belongs to user ${issue.owner}, but the service runs as user ${issue.wanted}.`,
        hint: `Run \`sudo chown ${issue.wanted} ${path}\`.`,
      };
  }
}
