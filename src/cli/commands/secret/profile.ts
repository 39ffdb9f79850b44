import { existsSync, globSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { isInside } from '../../../base/files.ts';
import { nearMiss } from '../../../base/words.ts';
import type { Io } from '../../terminal/io.ts';
import { usage } from '../../terminal/usage.ts';

/**
 * The folder of a profile as the service names it (`.` at the root). A person may write that folder, or a path to it or
 * to its `profile.json`. Warns when it has no profile yet. Throws `usage`.
 */
export function profileFolder(io: Io, profilesDir: string, written: string): string {
  if (/\p{Cc}/u.test(written) || written.length > 4096)
    throw usage('--profile has a control character or more than 4096 characters.', HINT);
  const path = written.replace(/(^|\/)profile\.json$/, '') || '.';
  const fromHere = resolve(io.directory, path);
  const named = join(profilesDir, path);
  const isPath =
    isAbsolute(path) || (!hasProfile(named) && isInside(profilesDir, fromHere) && hasProfile(fromHere));
  const place = isPath ? fromHere : named;
  if (!isInside(profilesDir, place))
    throw usage(`--profile is ${JSON.stringify(written)}, which is outside ${profilesDir}.`, HINT);
  const folder = relative(profilesDir, place) || '.';
  if (folder.split('/').includes('secrets.enc'))
    throw usage('A profile with a store cannot be in a folder named secrets.enc.', HINT);
  if (!hasProfile(place))
    io.err(`${join(place, 'profile.json')} does not exist yet.${nearWords(folder, profilesDir)}\n`);
  return folder;
}

function nearWords(folder: string, profilesDir: string): string {
  const folders = globSync('**/profile.json', { cwd: profilesDir }).map((file) => dirname(file));
  const near = nearMiss(folder, folders);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

const HINT = 'Give a folder below the profiles directory, as `github-flows profiles list` prints it.';

function hasProfile(folder: string): boolean {
  return existsSync(join(folder, 'profile.json'));
}
