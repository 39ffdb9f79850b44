import { type FileHandle, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { shellQuote } from '../base/text.ts';
import { describeFileIssue, entry, type FileIssue, openDirectory, readEntry } from './private-file.ts';

/** One file of a tree that was read whole: `path` is relative, `/` between its parts. */
export type TreeFile = { path: string; content: Buffer; executable: boolean };

/** Ceilings of one tree: entries of any kind, bytes of all files together, folders below each other. */
type TreeLimits = { entries: number; bytes: number; depth: number };

/** Which entries are read, by their relative path; a folder that is left out is not entered. */
type TreeFilter = (path: string, directory: boolean) => boolean;

/**
 * Reads the regular files below the open `directory` (`root` is its name, for messages) into memory. Symbolic links
 * are not followed and special files not opened: both are left out, as is what vanishes meanwhile.
 *
 * Throws `agent_state_too_large` beyond `limits`, `agent_state_unreadable` for what the service's user may not read.
 */
export async function readTree(
  directory: FileHandle,
  root: string,
  limits: TreeLimits,
  wanted: TreeFilter = () => true,
): Promise<TreeFile[]> {
  const files: TreeFile[] = [];
  let entries = 0;
  let bytes = 0;

  async function takeFile(folder: FileHandle, path: string): Promise<void> {
    const reading = await readEntry(folder, join(root, path), limits.bytes - bytes);
    if ('content' in reading) {
      bytes += reading.content.length;
      files.push({ path, content: reading.content, executable: (reading.stat.mode & 0o100) !== 0 });
      return;
    }
    const [issue] = reading.issues;
    if (issue.kind === 'too-large') throw treeTooLarge(root, `${limits.bytes} bytes`);
    if (issue.kind === 'unreadable') throw treeUnreadable(issue);
  }

  async function takeFolder(folder: FileHandle, path: string, depth: number): Promise<void> {
    const child = await openDirectory(join(root, path), folder);
    if ('kind' in child) {
      if (child.kind === 'unreadable') throw treeUnreadable(child);
      return;
    }
    try {
      await walk(child, path, depth);
    } finally {
      await child.close();
    }
  }

  async function walk(folder: FileHandle, prefix: string, depth: number): Promise<void> {
    if (depth > limits.depth) throw treeTooLarge(root, `${limits.depth} folders below each other`);
    for await (const item of await opendir(entry(folder, '.'))) {
      entries += 1;
      if (entries > limits.entries) throw treeTooLarge(root, `${limits.entries} files and folders`);
      const path = prefix === '' ? item.name : `${prefix}/${item.name}`;
      if (!(item.isFile() || item.isDirectory()) || !wanted(path, item.isDirectory())) continue;
      if (item.isFile()) await takeFile(folder, path);
      else await takeFolder(folder, path, depth + 1);
    }
  }

  await walk(directory, '', 0);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function treeTooLarge(root: string, limit: string): FlowError {
  return new FlowError({
    code: 'agent_state_too_large',
    blame: 'operator',
    message: `The directory ${root} holds more than ${limit}, which is more than a run may be handed.`,
    hint: `See what takes the room with \`du -a ${shellQuote(root)} | sort -n | tail\`, and remove what runs do not need, such as old sessions and logs.`,
  });
}

function treeUnreadable(issue: FileIssue): FlowError {
  return new FlowError({
    code: 'agent_state_unreadable',
    blame: 'operator',
    ...describeFileIssue('The file', issue, ''),
  });
}
