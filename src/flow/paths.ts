import { join } from 'node:path';
import { removeTree } from '../base/files.ts';

/** The host's directories that runs are made in; all absolute. */
export type Directories = { workspaceRoot: string; runDir: string; varDir: string; installation: string };

/** Where one run lies on the host. */
export type RunPaths = {
  /** Mounted at `/workspace`. */
  workspace: string;
  repo: string;
  /** Private, and in memory where RUN_DIR is; removed whole when the run is over; holds `secrets`. */
  home: string;
  /**
   * Mounted read-only at `/run/github-flows`; removed when the run is over. Not in RUN_DIR: programs lie in it, and
   * `/run` is mounted noexec on Debian.
   */
  files: string;
  /** Mounted read-only at `/run/secrets`. */
  secrets: string;
  /** Kept after the run: output, prompt. */
  log: string;
};

/** The directory that holds what active runs are granted, one directory a run; sweeps look only here and in `runFilesHome`. */
export function runHomes(directories: Directories): string {
  return join(directories.runDir, directories.installation);
}

/** The directory that holds the scripts, prompts and sockets of active runs, one directory a run; no secret is in it. */
export function runFilesHome(directories: Pick<Directories, 'varDir' | 'installation'>): string {
  return join(directories.varDir, 'run-files', directories.installation);
}

/** Removes what a run was granted and what it was started with; twice is harmless. */
export async function removeRunPaths(paths: Pick<RunPaths, 'home' | 'files'>): Promise<void> {
  await removeTree(paths.home);
  await removeTree(paths.files);
}

/** The paths of one attempt of a run (the first without `attempt`); `owner/name` were checked when the event was read. */
export function runPaths(
  directories: Directories,
  run: { id: string; repository: string; attempt?: number },
): RunPaths {
  const workspace = join(directories.workspaceRoot, run.repository, workspaceName(run));
  const home = join(runHomes(directories), run.id);
  return {
    workspace,
    repo: join(workspace, 'repo'),
    home,
    files: join(runFilesHome(directories), run.id),
    secrets: join(home, 'secrets'),
    log: runLogDirectory(directories.varDir, run),
  };
}

/** What an attempt's workspace is called; each has one of its own. */
export function workspaceName({ id, attempt = 1 }: { id: string; attempt?: number }): string {
  return attempt <= 1 ? id : `${id}-${attempt}`;
}

/** The run whose workspace has this name. */
export function runOfWorkspace(name: string): string {
  return name.split('-')[0] as string;
}

/** Where an attempt's output and prompt are kept, also after its end; before the first attempt, where its will be. */
export function runLogDirectory(
  varDir: string,
  { id, attempt = 1 }: { id: string; attempt?: number },
): string {
  return join(varDir, 'log', 'runs', id, String(Math.max(1, attempt)));
}

/** Where the size of a run's workspace before its agent started is kept, so that its growth is known after a restart too. */
export function baselineFile(paths: RunPaths): string {
  return join(paths.log, 'workspace-bytes');
}
