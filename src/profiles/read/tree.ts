import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Issue, systemCode } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { folderLink, profileOutside, profilesEmpty, profilesMissing, profileUnreadable } from '../errors.ts';

/** The one file name that makes a folder a fragment. */
const FILE_NAME = 'profile.json';

/** Where one fragment is: its folder below the profiles directory (`.` at its root), and the file. */
export type FragmentPlace = { folder: string; file: string };

/** Every profile.json below `dir`, by folder name; hidden folders are left out and links to folders are errors. */
export async function findFragments(dir: string): Promise<{ places: FragmentPlace[]; issues: Issue[] }> {
  const root = await rootOf(dir);
  if (typeof root !== 'string') return { places: [], issues: [root] };
  const places: FragmentPlace[] = [];
  const issues: Issue[] = [];
  const folders = ['.'];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const path = join(dir, folder);
    for (const entry of await entriesOf(path, issues)) {
      const file = join(path, entry.name);
      const issue = entry.isSymbolicLink() ? await linkIssue(root, file, entry.name) : undefined;
      if (issue) issues.push(issue);
      else if (entry.name === FILE_NAME) places.push({ folder, file });
      else if (entry.isDirectory() && !entry.name.startsWith('.'))
        folders.push(folder === '.' ? entry.name : `${folder}/${entry.name}`);
    }
  }
  if (places.length === 0 && issues.length === 0) issues.push(profilesEmpty(dir));
  return { places: places.sort((a, b) => (a.folder < b.folder ? -1 : 1)), issues };
}

async function rootOf(dir: string): Promise<string | Issue> {
  try {
    if ((await stat(dir)).isDirectory()) return await realpath(dir);
    return profilesMissing(dir, 'it is not a directory');
  } catch (error) {
    const code = systemCode(error);
    return profilesMissing(dir, code === 'ENOENT' ? 'it is not there' : `the system says ${code}`);
  }
}

async function entriesOf(folder: string, issues: Issue[]): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // A folder that went away since its parent was read is gone, not unreadable.
    if (systemCode(error) !== 'ENOENT')
      issues.push(profileUnreadable(folder, `the system says ${systemCode(error)}`));
    return [];
  }
}

/** A link to a file inside is fine, and one that leads nowhere is nothing: editors keep locks in such links. */
async function linkIssue(root: string, file: string, name: string): Promise<Issue | undefined> {
  try {
    const target = await realpath(file);
    if ((await stat(target)).isDirectory()) return folderLink(file, false);
    return name === FILE_NAME && !isInside(root, target) ? profileOutside(file, target) : undefined;
  } catch (error) {
    return systemCode(error) === 'ELOOP' ? folderLink(file, true) : undefined;
  }
}
