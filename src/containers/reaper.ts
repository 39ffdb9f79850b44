import type { Engine } from './docker.ts';

/**
 * Removes every container of this installation whose run is not among `livingRuns`, running or not, and gives how
 * many there were. `livingRuns` is asked after the engine, so that a run that begins meanwhile keeps its container.
 * Other installations' containers, and ours that are no run's, are never touched.
 */
export async function removeOrphans(
  engine: Pick<Engine, 'list' | 'remove'>,
  installation: string,
  livingRuns: () => Promise<ReadonlySet<string>>,
): Promise<number> {
  const found = await engine.list(installation);
  const living = await livingRuns();
  const orphans = found.filter((container) => !living.has(container.runId));
  for (const { id } of orphans) await engine.remove(id);
  return orphans.length;
}
