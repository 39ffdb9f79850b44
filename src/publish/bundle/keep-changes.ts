import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { makeDirectory, removeTree } from '../../base/files.ts';
import { createAskGit } from '../ask-git.ts';
import { readSizes } from '../judge/contents.ts';
import { listNew } from '../judge/new-commits.ts';
import { type BundleEngine, takeBundle } from './bundle.ts';
import type { BundleRequest } from './bundle-container.ts';
import { type ChangeCount, makeQuarantine, type Quarantine } from './quarantine.ts';

/** What an agent committed, checked and kept beside its run's log. */
export type KeptChanges = ChangeCount & {
  /** The commit that they end in. */
  commit: string;
  /** How many messages were made harmless. */
  reworded: number;
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
 * nothing; both hold every commit that `request.known` does not lead to. With `harmless`, messages of the agent's that
 * would do something on GitHub are reworded. `dir` is a directory of the service that is made anew for it and left for
 * `searchable` contents; the caller removes it. Throws the codes of `takeBundle` and `makeQuarantine`; then nothing is kept.
 */
export async function keepChanges(
  parts: { engine: BundleEngine; clock: Clock },
  request: BundleRequest,
  places: { mirror: string; dir: string; keepIn: string; searchable: boolean; harmless: boolean },
): Promise<KeptChanges | undefined> {
  const { dir, keepIn } = places;
  await removeTree(dir);
  await makeDirectory(dir, { mode: 0o700 });
  const packFile = join(dir, 'pack');
  const tip = await takeBundle(parts, request, packFile);
  if (tip === undefined) return undefined;
  const { base, branch } = request;
  const known = await knownFor(request, tip, places);
  const quarantine = await makeQuarantine({
    dir: join(dir, 'repository.git'),
    mirror: places.mirror,
    base,
    branch,
    known,
  });
  await quarantine.admit(packFile, tip);
  const made = places.harmless ? await quarantine.reword() : { tip, reworded: 0 };
  const count = await quarantine.count();
  await quarantine.writePatch(join(dir, PATCH));
  await quarantine.writeBundle(join(dir, BUNDLE));
  if (places.searchable) await unfold(quarantine, dir);
  for (const name of [PATCH, BUNDLE]) {
    await chmod(join(dir, name), 0o600);
    await rename(join(dir, name), join(keepIn, name));
  }
  const { tip: commit, reworded } = made;
  return { ...count, commit, reworded, patch: join(keepIn, PATCH), bundle: join(keepIn, BUNDLE) };
}

/** What the agent pushed itself is on a branch already; then it is shown beyond the commit that the run began with. */
async function knownFor(
  { base, known = [base] }: BundleRequest,
  tip: string,
  { mirror, dir }: { mirror: string; dir: string },
): Promise<readonly string[]> {
  const ask = createAskGit(mirror, dir);
  if ((await readSizes(ask, [tip])).size === 0) return known;
  return (await listNew(ask, { tip, known: [...known, base] })).length > 0 ? known : [base];
}

async function unfold(quarantine: Quarantine, dir: string): Promise<void> {
  await makeDirectory(join(dir, CONTENTS), { mode: 0o700 });
  await quarantine.writeContents(join(dir, CONTENTS, 'objects'));
}
