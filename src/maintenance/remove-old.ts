import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { treeBytes } from '../containers/supervise/growth.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { PublicationStore } from '../runs/outbox/publication-store.ts';
import type { OutputStore } from '../runs/store/output-store.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { listWorkspaces, removeWorkspace } from '../workspaces/layout.ts';
import { removeHostileTree } from '../workspaces/remove.ts';

/** Something that is kept: when it was last of use (milliseconds since 1970), what it takes, and whether an active run uses it. */
export type RetainedItem = { id: string; at: number; bytes: number; inUse: boolean };

/** What may be kept: nothing that was last of use before `before`, and `maxBytes` in all, what is in use counted. */
export type KeepRule = { before: number; maxBytes: number };

/** What has to go, oldest first; never what is in use, however old or large. */
export function oldestFirst(kept: readonly RetainedItem[], { before, maxBytes }: KeepRule): RetainedItem[] {
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  return kept
    .toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    .filter(({ at, bytes, inUse }) => {
      const goes = !inUse && (at < before || total > maxBytes);
      if (goes) total -= bytes;
      return goes;
    });
}

/** What was removed. */
export type RemovedAmount = { count: number; bytes: number };

const AT_ONCE = 200;

/**
 * Removes the bodies of deliveries that were decided and whose run has ended, oldest first. The decisions and the keys
 * that find duplicates stay.
 */
export async function removeOldBodies(
  deliveries: DeliveryStore,
  neededRuns: ReadonlySet<string>,
  { before, maxBytes }: KeepRule,
): Promise<RemovedAmount> {
  const gone: RemovedAmount = { count: 0, bytes: 0 };
  let total = await deliveries.bodyBytes();
  for (;;) {
    const oldest = await deliveries.oldestBodies({ limit: AT_ONCE + neededRuns.size });
    const going = oldest
      .filter(({ runId }) => runId === null || !neededRuns.has(runId))
      .slice(0, AT_ONCE)
      .filter(({ receivedAt, bytes }) => {
        const goes = receivedAt < before || total > maxBytes;
        if (goes) total -= bytes;
        return goes;
      });
    if (going.length === 0) return gone;
    await deliveries.removeBodies(going.map(({ id }) => id));
    gone.count += going.length;
    gone.bytes += going.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** What a run's id looks like; anything else in the logs' directory is not ours to remove. */
const RUN_ID = /^[0-9a-z]{16}$/;

/** Removes what ended runs printed, here and in the database, oldest first; never what is still to be published. Logs whose run nobody knows any more count as older than all. */
export async function removeOldLogs(
  parts: {
    directory: string;
    runs: RunStore;
    outputs: OutputStore;
    publications: Pick<PublicationStore, 'waiting'>;
    signal: AbortSignal;
  },
  rule: KeepRule,
): Promise<RemovedAmount> {
  const { directory, runs, outputs, signal } = parts;
  const names = (await readdir(directory).catch(() => [])).filter((name) => RUN_ID.test(name));
  const ends = await runs.ends(names);
  const waiting = new Set((await parts.publications.waiting()).map(({ runId }) => runId));
  const kept: RetainedItem[] = [];
  for (const id of names) {
    const bytes = (await treeBytes(join(directory, id), signal)).bytes ?? 0;
    const end = ends.get(id);
    kept.push({ id, at: end ?? 0, bytes, inUse: end === null || waiting.has(id) });
  }
  const going = oldestFirst(kept, rule);
  for (const { id } of going) {
    await removeHostileTree(join(directory, id));
    await outputs.dropRun(id);
  }
  await outputs.dropEndedBefore(rule.before);
  return { count: going.length, bytes: going.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Removes the kept workspaces of failed runs that are beyond `maxBytes` in all, oldest first; how long each is kept at the most, the sweep sees to. */
export async function removeLargeWorkspaces(
  parts: { workspaceRoot: string; runs: RunStore; signal: AbortSignal },
  maxBytes: number,
): Promise<RemovedAmount> {
  const kept = new Map((await parts.runs.keptWorkspaces()).map((run) => [run.id, run.endedAt ?? 0]));
  const found: (RetainedItem & { dir: string; run: string })[] = [];
  for (const { runId: name, dir } of await listWorkspaces(parts.workspaceRoot)) {
    const run = name.replace(/-\d+$/, '');
    const at = kept.get(run);
    if (at === undefined) continue;
    const bytes = (await treeBytes(dir, parts.signal)).bytes ?? 0;
    found.push({ id: name, run, dir, at, bytes, inUse: false });
  }
  const going = new Set(oldestFirst(found, { before: 0, maxBytes }).map(({ id }) => id));
  const gone = found.filter(({ id }) => going.has(id));
  for (const { run, dir } of gone) {
    await parts.runs.workspaceDropped(run);
    await removeWorkspace(dir);
  }
  return { count: gone.length, bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0) };
}
