import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { treeBytes } from '../containers/supervise/tree-bytes.ts';
import type { PublicationStore } from '../runs/outbox/publication-store.ts';
import type { OutputStore } from '../runs/store/output-store.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { removeHostileTree } from '../workspaces/remove.ts';
import type { Gone } from './old-bodies.ts';
import { type KeepRule, oldestFirst, type RetainedItem } from './oldest-first.ts';

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
): Promise<Gone> {
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
