import type { Engine } from './docker.ts';

/**
 * Removes every container of this installation whose run is not at that attempt in `activeAttempts`, running or not,
 * and gives how many there were. A container that reads what an agent left has the attempt 0 and
 * stays as long as its run. `activeAttempts` (by run) is read after the list of containers, so that a run that starts meanwhile keeps its container.
 * Other installations' containers, and ours that are no run's, are never touched.
 */
export async function removeOrphans(
  engine: Pick<Engine, 'list' | 'remove'>,
  installation: string,
  activeAttempts: () => Promise<ReadonlyMap<string, number>>,
): Promise<number> {
  const found = await engine.list(installation);
  const active = await activeAttempts();
  const orphans = found.filter(({ runId, attempt }) => {
    const current = active.get(runId);
    return current === undefined || (attempt !== 0 && attempt !== current);
  });
  for (const { id } of orphans) await engine.remove(id);
  return orphans.length;
}

/** Removes volumes and networks that carry the labels of this installation and of a run that has ended; gives how many there were. */
export async function removeOrphanResources(
  engine: Pick<Engine, 'orphanResources' | 'removeOrphanResource'>,
  installation: string,
  activeAmong: (runIds: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<number> {
  const found = await engine.orphanResources(installation);
  if (found.length === 0) return 0;
  const active = await activeAmong(found.map(({ runId }) => runId));
  let removed = 0;
  for (const orphan of found)
    if (!active.has(orphan.runId) && (await engine.removeOrphanResource(orphan))) removed += 1;
  return removed;
}
