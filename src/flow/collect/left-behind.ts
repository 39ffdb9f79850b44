import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { checkPlanMounts } from '../../mounts/rules/check.ts';
import { keepLeft } from '../../publish/left/left.ts';
import { leftText } from '../../publish/left/left-texts.ts';
import type { Run, TimelineEntry } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { Directories, RunPaths } from '../paths.ts';
import { type CloneRecord, mayHaveLeft } from '../prepare/clone-record.ts';

/** What looking for what an agent left takes from the rest of the service. */
type LeftParts = {
  runs: RunStore;
  engine: Engine;
  directories: Directories;
  mountHost: MountHost;
  redactor: Redactor;
  clock: Clock;
  log: Logger;
};

/**
 * What an agent left beside its commits, kept as a patch and noted in one line of the timeline; undefined when there is
 * nothing. Where the profile publishes, the line is reported on GitHub too. Never rejects: a failed search is noted.
 */
export async function collectLeft(
  parts: LeftParts,
  run: Run,
  { record, paths }: { record: CloneRecord; paths: RunPaths },
): Promise<Pick<TimelineEntry, 'kind' | 'text' | 'data'> | undefined> {
  try {
    if (!(await mayHaveLeft(paths, record))) return undefined;
    const { workspace, log } = paths;
    checkPlanMounts([{ source: workspace, target: '/workspace' }], parts.mountHost, [workspace]);
    const { installation } = parts.directories;
    const { commit: base, branch, owner, sinceNs } = record;
    const sinceSec = Number(sinceNs.slice(0, -9));
    const mask = parts.redactor.mask;
    const request = { installation, runId: run.id, workspace, owner, base, branch, sinceSec };
    const found = await keepLeft({ ...parts, mask }, request, log);
    if (!found) return undefined;
    const { left, patch } = found;
    const kept = patch === null ? 'It was too much to keep.' : 'It is kept for a while as a patch.';
    return {
      kind: 'left_behind',
      text: `${mask(leftText(left))} ${kept}`,
      data: { files: left.files, patch, shown: await isPublished(parts, run) },
    };
  } catch (error) {
    const { code, message, hint } = asFlowError(error).toProblem();
    parts.log.warn({ err: error, run: run.id }, 'uncommitted files of agent could not be read');
    const text = `Whether the agent left anything uncommitted is not known: ${parts.redactor.mask(message)}`;
    return {
      kind: 'left_unknown',
      text,
      data: { code, hint, public: UNKNOWN, shown: await isPublished(parts, run).catch(() => true) },
    };
  }
}

const UNKNOWN =
  'Whether the agent left anything uncommitted, which is not published, is not known: it could not be looked at.';

async function isPublished({ runs }: LeftParts, run: Run): Promise<boolean> {
  return (await runs.profile(run.id)).publish !== undefined;
}
