import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { removeTree } from '../../base/files.ts';
import { createPoller } from '../../base/poller.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { removeOrphanResources, removeOrphans } from '../../containers/engine/reaper.ts';
import type { Logger } from '../../log/logger.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { listWorkspaces, removeWorkspace } from '../../workspaces/layout.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { EngineWatch } from '../engine/engine-health.ts';
import {
  type Directories,
  removeRunPaths,
  runFilesHome,
  runHomes,
  runOfWorkspace,
  workspaceName,
} from '../paths.ts';

/** How often orphans are searched for. */
const SWEEP_EVERY_MS = 60_000;

/** What a sweep takes from the rest of the service. */
type SweepParts = {
  runs: RunStore;
  engine: Engine;
  engineWatch: EngineWatch;
  directories: Directories;
  crashPoint: CrashPoint;
  clock: Clock;
  log: Logger;
};

/** Sweeps as soon as the engine answers and every minute from then on; gives the function that stops it. */
export function startSweeping(parts: SweepParts): () => Promise<void> {
  const stop = new AbortController();
  const poller = createPoller({
    clock: parts.clock,
    everyMs: SWEEP_EVERY_MS,
    async look() {
      await parts.engineWatch.untilReady(stop.signal);
      await sweep(parts);
    },
    onError(error) {
      if (!stop.signal.aborted) parts.log.warn({ err: error }, 'sweep failed, will be retried');
    },
  });
  poller.start();
  return async () => {
    stop.abort();
    await poller.stop();
  };
}

/** How much a sweep removed. */
type SweepResult = {
  containers: number;
  /** Volumes and networks. */
  orphanResources: number;
  workspaces: number;
  homes: number;
  quarantines: number;
};

/**
 * Removes what no run owns that has not ended: containers, labelled volumes and networks, private run directories, bundles that
 * were judged, and workspaces past their keeping. Touches only things of this installation. Safe to call at any time.
 */
async function sweep(parts: SweepParts): Promise<SweepResult> {
  const { runs, directories } = parts;
  parts.crashPoint('sweep-begun');
  for (const run of await runs.workspacesToDrop(parts.clock.now())) await runs.workspaceDropped(run.id);
  const found = await listWorkspaces(directories.workspaceRoot);
  const homes = await runHomeIds(directories);
  const bundles = await quarantineNames(directories);
  // Asked after what is there was listed, so that a run that begins meanwhile keeps its own; and only for that, however many wait.
  const notEnded = await notEndedAmong(runs, [...homes, ...bundles]);
  const owners = await runs.workspaceOwners(found.map(({ runId }) => runOfWorkspace(runId)));
  const owned = new Set([...owners].map(([id, attempt]) => workspaceName({ id, attempt })));
  const orphans = found.filter((workspace) => !owned.has(workspace.runId));
  const deadHomes = homes.filter((id) => !notEnded.has(id));
  for (const workspace of orphans) await removeWorkspace(workspace.dir);
  for (const id of deadHomes)
    await removeRunPaths({
      home: join(runHomes(directories), id),
      files: join(runFilesHome(directories), id),
    });
  parts.crashPoint('swept-workspaces');
  const containers = await removeOrphans(parts.engine, directories.installation, async () => {
    return new Map((await runs.claimed()).map(({ id, attempt }) => [id, attempt]));
  });
  const orphanResources = await removeOrphanResources(
    parts.engine,
    directories.installation,
    async (ids) => await notEndedAmong(runs, ids),
  );
  const quarantines = await removeQuarantines(parts, bundles, notEnded);
  parts.crashPoint('swept');
  const swept = {
    containers,
    orphanResources,
    quarantines,
    workspaces: orphans.length,
    homes: deadHomes.length,
  };
  if (Object.values(swept).some((count) => count > 0)) parts.log.info(swept, 'orphans removed');
  return swept;
}

async function notEndedAmong(runs: RunStore, ids: readonly string[]): Promise<Set<string>> {
  const ends = await runs.ends([...new Set(ids)]);
  return new Set([...ends].flatMap(([id, endedAt]) => (endedAt === null ? [id] : [])));
}

async function runHomeIds(directories: Directories): Promise<string[]> {
  const roots = [runHomes(directories), runFilesHome(directories)];
  const names = await Promise.all(roots.map(async (root) => await readdir(root).catch(() => [])));
  return [...new Set(names.flat())];
}

/** Quarantines in which commits of runs were judged; those of publications have a hyphen in their name and clean up after themselves. */
async function quarantineNames({ varDir }: Directories): Promise<string[]> {
  const names = await readdir(join(varDir, 'quarantine')).catch(() => []);
  return names.filter((name) => !name.includes('-'));
}

/** Of those, what a crash left. */
async function removeQuarantines(
  { directories }: SweepParts,
  names: readonly string[],
  notEnded: ReadonlySet<string>,
): Promise<number> {
  const dead = names.filter((name) => !notEnded.has(name));
  for (const name of dead) await removeTree(join(directories.varDir, 'quarantine', name));
  return dead.length;
}
