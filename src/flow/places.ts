import { join } from 'node:path';

/** The host's directories that runs are made in; all absolute. */
export type Directories = { workspaceRoot: string; runDir: string; varDir: string; installation: string };

/** Where one run lies on the host. */
export type RunPlaces = {
  /** Mounted at `/workspace`. */
  workspace: string;
  repo: string;
  /** Removed whole when the run is over; holds `files` and `secrets`. */
  home: string;
  /** Mounted read-only at `/run/github-flows`. */
  files: string;
  /** Mounted read-only at `/run/secrets`. */
  secrets: string;
  /** Kept after the run: output, prompt. */
  log: string;
};

/** The directory that holds what living runs were handed, one directory a run; sweeps look only here. */
export function runHomes(directories: Directories): string {
  return join(directories.runDir, directories.installation);
}

/** The places of one run; `owner/name` were checked when the event was read. */
export function runPlaces(directories: Directories, run: { id: string; repository: string }): RunPlaces {
  const workspace = join(directories.workspaceRoot, run.repository, run.id);
  const home = join(runHomes(directories), run.id);
  return {
    workspace,
    repo: join(workspace, 'repo'),
    home,
    files: join(home, 'files'),
    secrets: join(home, 'secrets'),
    log: runLogDirectory(directories.varDir, run.id),
  };
}

/** Where a run's output and prompt are kept, also after its end. */
export function runLogDirectory(varDir: string, runId: string): string {
  return join(varDir, 'log', 'runs', runId);
}

/** Where the size of a run's workspace before its agent started is kept, so that its growth can be told after a restart too. */
export function baselineFile(places: RunPlaces): string {
  return join(places.log, 'workspace-bytes');
}
