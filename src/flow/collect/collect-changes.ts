import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asFlowError, type FlowError } from '../../base/errors.ts';
import { removeTree } from '../../base/files.ts';
import { counted } from '../../base/words.ts';
import type { Committer } from '../../containers/create/start-script.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { checkPlanMounts } from '../../mounts/rules/check.ts';
import { type Changes, type TakenChanges, takeChanges } from '../../publish/bundle/keep-changes.ts';
import { knownCommits } from '../../publish/push/plan.ts';
import type { Run, TimelineEntry } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { Mirrors } from '../../workspaces/mirrors/mirror.ts';
import type { MaskedValues } from '../credentials/masked-values.ts';
import { type Directories, type RunPaths, runPaths } from '../paths.ts';
import { type CloneRecord, mayHaveCommits, readCloneRecord } from '../prepare/clone-record.ts';
import { lastBranches } from './branches-of-run.ts';
import { collectLeft } from './left-behind.ts';
import { isFree, searchForSecrets } from './search-left.ts';

/** What collecting takes from the rest of the service. */
export type CollectParts = {
  runs: RunStore;
  engine: Engine;
  directories: Directories;
  mountHost: MountHost;
  mirrors: Mirrors;
  masked: MaskedValues;
  redactor: Redactor;
  clock: Clock;
  log: Logger;
};

/**
 * Keeps what an agent left, after its containers and before its files are removed: its commits and what is in none of
 * them. Then searches workspace, log and commits for the values that the run was granted. Findings go into the timeline
 * and the log; no error here changes how the run ended. Idempotent.
 */
export async function collectChanges(parts: CollectParts, run: Run): Promise<void> {
  if (run.startedAt === null) return;
  const paths = runPaths(parts.directories, run);
  const quarantine = join(parts.directories.varDir, 'quarantine', run.id);
  try {
    const record = await readCloneRecord(paths);
    const left = { record, paths, quarantine };
    const isMore = record && (await mayHaveCommits(paths, record));
    const [taken, rest] = await Promise.all([
      isMore ? take(parts, run, { ...left, record }) : undefined,
      record ? collectLeft(parts, run, { record, paths }) : undefined,
    ]);
    const doubt = await search(parts, run, left).catch(
      async (error: unknown) => await noteSearchFailure(parts, run, error),
    );
    const kept = taken && (await keep(parts, run, taken, doubt));
    // Only now: whenever this stops in between, nothing is published that was not searched.
    for (const entry of [kept, rest]) if (entry) await noteOnce(parts, run, entry);
  } catch (error) {
    parts.log.error({ err: error, run: run.id }, 'collecting changes failed');
  } finally {
    await removeTree(quarantine);
  }
}

/** A line of the timeline. */
type Entry = Pick<TimelineEntry, 'kind' | 'text' | 'data'>;

type Left = { record: CloneRecord | undefined; paths: RunPaths; quarantine: string };

/** The agent's commits, still in the quarantine, and further data for their line of the timeline. */
type Taken = { changes: TakenChanges; data: Record<string, unknown> };

async function take(
  parts: CollectParts,
  run: Run,
  { record, paths, quarantine }: Left & { record: CloneRecord },
): Promise<Taken | undefined> {
  return await noteFailure(parts, run, async () => {
    checkPlanMounts([{ source: paths.workspace, target: '/workspace' }], parts.mountHost, [paths.workspace]);
    const { commit: base, branch, owner, mirror, committer } = record;
    const profile = await parts.runs.profile(run.id);
    const as = profile.publish?.as;
    const branches = await lastBranches(parts, { run, profile, mirror });
    const changes = await takeChanges(
      parts,
      {
        installation: parts.directories.installation,
        runId: run.id,
        workspace: paths.workspace,
        owner,
        base,
        branch,
        known: knownCommits({ as, base }, branches),
        ...(committer === undefined ? {} : { committer: committer.email }),
      },
      {
        mirror,
        dir: quarantine,
        keepIn: paths.log,
        searchable: parts.masked.values(run.id).length > 0,
        harmless: as !== undefined && as !== 'patch',
      },
    );
    const data = { base, ...(committer === undefined ? {} : { committer: named(committer) }) };
    return changes && { changes, data };
  });
}

/** Keeps the commits as they are if the search found nothing in them, else masked. */
async function keep(
  parts: CollectParts,
  run: Run,
  { changes, data }: Taken,
  doubt: Doubt | undefined,
): Promise<Entry | undefined> {
  return await noteFailure(parts, run, async () => {
    const { keep: keepWhole, keepMasked, ...count } = changes;
    const isClean = async (dir: string): Promise<boolean> =>
      await isFree(parts.clock, parts.masked.values(run.id), dir);
    const files = doubt ? await keepMasked(parts.redactor.stream, isClean) : await keepWhole();
    return {
      kind: 'changes_kept',
      text: keptText(count, { doubt, hasPatch: files.patch !== null }),
      data: { ...count, ...files, ...data },
    };
  });
}

async function noteFailure<T>(
  parts: CollectParts,
  run: Run,
  work: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const issue = asFlowError(error);
    parts.log.warn({ err: issue, run: run.id }, 'commits of agent were not kept');
    await noteProblem(parts, run, 'changes_not_kept', issue);
    return undefined;
  }
}

function named({ name, email }: Committer): string {
  return `${name} <${email}>`;
}

async function search(
  parts: CollectParts,
  run: Run,
  { record, paths, quarantine }: Left,
): Promise<Doubt | undefined> {
  const sinceNs = record && BigInt(record.sinceNs);
  const where = { workspace: paths.workspace, sinceNs, log: paths.log, quarantine };
  const { found, cut } = await searchForSecrets(parts, parts.masked.values(run.id), where);
  if (found) {
    const { issue, files, inChanges } = found;
    parts.log.error({ err: issue, run: run.id, files }, 'granted value found in what the agent left');
    await noteProblem(parts, run, 'secret_found', issue, { files, inChanges });
  }
  if (cut) {
    const { text, cuts, inChanges } = cut;
    parts.log.warn({ run: run.id, cuts }, 'leak scan incomplete');
    await noteOnce(parts, run, { kind: 'search_cut', text, data: { inChanges } });
  }
  if (found?.inChanges) return 'found';
  return cut?.inChanges ? 'unsearched' : undefined;
}

/** Notes that the leak scan failed: the commits may hold a granted value. */
async function noteSearchFailure(parts: CollectParts, run: Run, error: unknown): Promise<Doubt> {
  parts.log.error({ err: error, run: run.id }, 'leak scan failed');
  const text = 'The search for values that were granted to the run failed.';
  await noteOnce(parts, run, { kind: 'search_cut', text, data: { inChanges: true } });
  return 'unsearched';
}

async function noteProblem(
  parts: CollectParts,
  run: Run,
  kind: string,
  issue: FlowError,
  data: Record<string, unknown> = {},
): Promise<void> {
  const { code, message, hint } = issue.toProblem();
  const text = parts.redactor.mask(message);
  await noteOnce(parts, run, { kind, text, data: { ...data, code, hint } });
}

/** Once an attempt: a run that is concluded again after a crash has the line already. */
async function noteOnce(parts: CollectParts, run: Run, entry: Entry): Promise<void> {
  const timeline = await parts.runs.timeline(run.id);
  const isThere = timeline.some(({ kind, data }) => kind === entry.kind && data.attempt === run.attempt);
  if (!isThere) await parts.runs.note(run.id, { ...entry, data: { ...entry.data, attempt: run.attempt } });
}

/** Why an agent's commits are not kept as they are: a value that was granted to the run is in them, or may be. */
type Doubt = 'found' | 'unsearched';

/** What an agent committed and how it is kept, for the timeline. */
function keptText(
  changes: Pick<Changes, 'commits' | 'ofBase' | 'files' | 'reworded'>,
  { doubt, hasPatch }: { doubt: Doubt | undefined; hasPatch: boolean },
): string {
  if (doubt === undefined) return changeText(changes);
  const why =
    doubt === 'found'
      ? 'A value that was granted to the run is in that'
      : 'That could not be searched whole for the values that were granted to the run';
  return `${changeText(changes)} ${why}, so ${hasPatch ? 'only a masked patch is kept, without the contents of binary files' : 'nothing of it is kept'}.`;
}

function changeText({
  commits,
  ofBase,
  files,
  reworded,
}: Pick<Changes, 'commits' | 'ofBase' | 'files' | 'reworded'>): string {
  const own = commits - ofBase;
  const made = `The agent made ${counted(own, 'commit')}`;
  const whole =
    ofBase === 0
      ? `${made} that ${own === 1 ? 'changes' : 'change'} ${counted(files, 'file')}.`
      : `${made} on top of ${counted(ofBase, 'commit')} that no branch of this repository has; together they change ${counted(files, 'file')}.`;
  if (reworded === 0) return whole;
  const were = reworded === 1 ? 'was' : 'were';
  return `${whole} ${counted(reworded, 'message')} would have done something on GitHub and ${were} made harmless.`;
}
