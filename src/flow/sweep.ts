import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../base/files.ts';
import type { Engine } from '../containers/docker.ts';
import { removeOrphans } from '../containers/reaper.ts';
import type { Logger } from '../log/logger.ts';
import type { RunStore } from '../runs/run-store.ts';
import { listWorkspaces, removeWorkspace } from '../workspaces/sweep.ts';
import { type Directories, runHomes } from './places.ts';

/** What a sweep took away, counted. */
export type Swept = { containers: number; workspaces: number; homes: number };

/**
 * Removes what no living run owns: containers, private run directories, and workspaces past their keeping.
 * Only things of this installation are ever looked at. Safe to call at any time.
 */
export async function sweep(parts: {
  runs: RunStore;
  engine: Engine;
  directories: Directories;
  now: number;
  log: Logger;
}): Promise<Swept> {
  const { runs, directories } = parts;
  for (const run of await runs.workspacesToDrop(parts.now)) await runs.workspaceDropped(run.id);
  const found = await listWorkspaces(directories.workspaceRoot);
  const homes = await runHomeIds(directories);
  const living = new Set((await runs.living()).map((run) => run.id));
  const owners = await runs.workspaceOwners();
  const orphans = found.filter((workspace) => !owners.has(workspace.runId));
  const deadHomes = homes.filter((id) => !living.has(id));
  for (const workspace of orphans) await removeWorkspace(workspace.dir);
  for (const id of deadHomes) await removeTree(join(runHomes(directories), id));
  const containers = await removeOrphans(parts.engine, directories.installation, living);
  const swept = { containers, workspaces: orphans.length, homes: deadHomes.length };
  if (swept.containers + swept.workspaces + swept.homes > 0) parts.log.info(swept, 'swept what no run owns');
  return swept;
}

async function runHomeIds(directories: Directories): Promise<string[]> {
  return await readdir(runHomes(directories)).catch(() => []);
}
