import { treeBytes } from '../containers/supervise/tree-bytes.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { listWorkspaces, removeWorkspace } from '../workspaces/sweep.ts';
import type { Gone } from './old-bodies.ts';
import { oldestFirst, type RetainedItem } from './oldest-first.ts';

/** Removes the kept workspaces of failed runs that are beyond `maxBytes` in all, oldest first; how long each is kept at the most, the sweep sees to. */
export async function removeLargeWorkspaces(
  parts: { workspaceRoot: string; runs: RunStore; signal: AbortSignal },
  maxBytes: number,
): Promise<Gone> {
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
