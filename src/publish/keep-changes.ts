import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { makeDirectory, removeTree } from '../base/files.ts';
import { type BundleEngine, takeBundle } from './bundle.ts';
import type { BundleRequest } from './bundle-container.ts';
import { type ChangeCount, makeQuarantine, type Quarantine } from './quarantine.ts';

/** What an agent committed, checked and kept beside its run's log. */
export type KeptChanges = ChangeCount & {
  /** The commit that they end in. */
  commit: string;
  patch: string;
  bundle: string;
};

/** Names of the files in the run's log directory. */
const PATCH = 'changes.patch';
const BUNDLE = 'changes.bundle';

/** Where the contents of the commits lie for a search; they are compressed everywhere else. */
export const CONTENTS = 'contents';

/**
 * Keeps what the agent committed beyond the base as a patch and a bundle in `keepIn`, or gives undefined when there is
 * nothing. `dir` is a directory of the service that is made anew for it and left for `searchable` contents; the caller
 * removes it. Throws the codes of `takeBundle` and `makeQuarantine`; then nothing is kept.
 */
export async function keepChanges(
  parts: { engine: BundleEngine; clock: Clock },
  request: BundleRequest,
  places: { mirror: string; dir: string; keepIn: string; searchable: boolean },
): Promise<KeptChanges | undefined> {
  const { dir, keepIn } = places;
  await removeTree(dir);
  await makeDirectory(dir, { mode: 0o700 });
  const packFile = join(dir, 'pack');
  const commit = await takeBundle(parts, request, packFile);
  if (commit === undefined) return undefined;
  const { base, branch } = request;
  const quarantine = await makeQuarantine({
    dir: join(dir, 'repository.git'),
    mirror: places.mirror,
    base,
    branch,
  });
  await quarantine.admit(packFile, commit);
  const count = await quarantine.count();
  await quarantine.writePatch(join(dir, PATCH));
  await quarantine.writeBundle(join(dir, BUNDLE));
  if (places.searchable) await unfold(quarantine, dir);
  for (const name of [PATCH, BUNDLE]) {
    await chmod(join(dir, name), 0o600);
    await rename(join(dir, name), join(keepIn, name));
  }
  return { ...count, commit, patch: join(keepIn, PATCH), bundle: join(keepIn, BUNDLE) };
}

async function unfold(quarantine: Quarantine, dir: string): Promise<void> {
  await makeDirectory(join(dir, CONTENTS), { mode: 0o700 });
  await quarantine.writeContents(join(dir, CONTENTS, 'objects'));
}
