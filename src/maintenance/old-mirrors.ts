import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../base/files.ts';
import { treeBytes } from '../containers/supervise/growth.ts';
import type { PublicationStore } from '../runs/outbox/publication-store.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { removeOldStores } from '../workspaces/mirrors/apart.ts';
import { type KeepRule, oldestFirst, type RemovedAmount, type RetainedItem } from './remove-old.ts';

/** What one pull request brought is of use as long as somebody works on it; the longest wait of a publication is a day. */
const STORE_MS = 7 * 86_400_000;

const MIRROR = /^(\d{1,16})\.git$/;
const REMOVING = /^removing-\d{1,16}\.git$/;

/**
 * Removes mirrors that no run asked for in a long time, then the oldest beyond the size; one that an active run or
 * a publication needs never. Before that what pull requests brought beside a mirror goes, a week after it was last
 * asked for, or with the mirrors of that age where nothing needs the repository. A mirror leaves by one rename, so that
 * a run that begins in this moment finds it whole or makes it anew.
 */
export async function removeOldMirrors(
  parts: {
    directory: string;
    runs: RunStore;
    publications: Pick<PublicationStore, 'waiting'>;
    now: number;
    signal: AbortSignal;
  },
  rule: KeepRule,
): Promise<RemovedAmount> {
  const { directory, signal } = parts;
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (REMOVING.test(name)) await removeTree(join(directory, name));
  const inUse = await repositoriesInUse(parts);
  const kept: RetainedItem[] = [];
  for (const name of names) {
    const [, id] = MIRROR.exec(name) ?? [];
    if (id === undefined) continue;
    const path = join(directory, name);
    const week = parts.now - STORE_MS;
    await removeOldStores(path, inUse.has(Number(id)) ? week : Math.max(rule.before, week));
    const bytes = (await treeBytes(path, signal)).bytes ?? 0;
    const { mtimeMs } = await stat(path);
    kept.push({ id, at: mtimeMs, bytes, inUse: inUse.has(Number(id)) });
  }
  const gone: RemovedAmount = { count: 0, bytes: 0 };
  for (const { id, bytes } of oldestFirst(kept, rule)) {
    if ((await repositoriesInUse(parts)).has(Number(id))) continue;
    const away = join(directory, `removing-${id}.git`);
    await rename(join(directory, `${id}.git`), away);
    await removeTree(away);
    gone.count += 1;
    gone.bytes += bytes;
  }
  return gone;
}

async function repositoriesInUse(parts: {
  runs: RunStore;
  publications: Pick<PublicationStore, 'waiting'>;
}): Promise<Set<number>> {
  const needed = [...(await parts.runs.notEnded()), ...(await parts.publications.waiting())];
  return new Set(needed.map(({ repositoryId }) => repositoryId));
}
