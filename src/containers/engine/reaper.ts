import type { Engine } from './docker.ts';

/**
 * Removes every container of this installation whose run is not at that attempt in `livingAttempts`, running or not,
 * and gives how many there were. One that only looks at what an agent left has the attempt 0, and lives as long as its
 * run. `livingAttempts` (by run) is asked after the engine, so that a run that begins meanwhile keeps its container.
 * Other installations' containers, and ours that are no run's, are never touched.
 */
export async function removeOrphans(
  engine: Pick<Engine, 'list' | 'remove'>,
  installation: string,
  livingAttempts: () => Promise<ReadonlyMap<string, number>>,
): Promise<number> {
  const found = await engine.list(installation);
  const living = await livingAttempts();
  const orphans = found.filter(({ runId, attempt }) => {
    const current = living.get(runId);
    return current === undefined || (attempt !== 0 && attempt !== current);
  });
  for (const { id } of orphans) await engine.remove(id);
  return orphans.length;
}

/** Removes volumes and networks that carry the labels of this installation and of a run that is not living; gives how many there were. */
export async function removeOrphanResources(
  engine: Pick<Engine, 'orphanResources' | 'removeOrphanResource'>,
  installation: string,
  livingAmong: (runIds: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<number> {
  const found = await engine.orphanResources(installation);
  if (found.length === 0) return 0;
  const living = await livingAmong(found.map(({ runId }) => runId));
  let removed = 0;
  for (const orphan of found)
    if (!living.has(orphan.runId) && (await engine.removeOrphanResource(orphan))) removed += 1;
  return removed;
}
