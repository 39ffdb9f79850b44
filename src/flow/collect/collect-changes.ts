import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asFlowError, FlowError } from '../../base/errors.ts';
import { removeTree } from '../../base/files.ts';
import type { Committer } from '../../containers/create/start-script.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { findSecrets } from '../../credentials/leak-scan/find-secrets.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { checkPlanMounts } from '../../mounts/rules/check.ts';
import type { Profile } from '../../profiles/profile.ts';
import { CONTENTS, keepChanges } from '../../publish/bundle/keep-changes.ts';
import { knownCommits } from '../../publish/push/known-commits.ts';
import type { Run, TimelineEntry } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { Mirrors } from '../../workspaces/mirrors/mirror.ts';
import type { HeldSecrets } from '../credentials/held-secrets.ts';
import { type Directories, type RunPlaces, runPlaces } from '../paths.ts';
import { type CloneRecord, mayHaveCommits, readCloneRecord } from '../prepare/clone-record.ts';
import { lastBranches } from './branches-of-run.ts';
import { keptWords } from './kept-words.ts';
import { lookForLeft } from './left-behind.ts';

/** What looking after a run takes from the rest of the service. */
export type CollectParts = {
  runs: RunStore;
  engine: Engine;
  directories: Directories;
  mountHost: MountHost;
  mirrors: Mirrors;
  held: HeldSecrets;
  redactor: Redactor;
  clock: Clock;
  log: Logger;
};

/** How long a search may take, and how many places it names. */
const SEARCH_MS = 30_000;
const MAX_FOUND = 20;
const MAX_NAME = 300;

/** How what is in the commits is named. */
const CHANGES = 'changes.bundle';

/**
 * What is done with what an agent left, once no container of the run lives and before anything of it is removed: its
 * commits and what is in none of them are kept, then workspace, log and commits are searched for the values it was handed. What is
 * found goes into the timeline and the log; nothing that goes wrong here changes how the run ended. May be done twice.
 */
export async function lookAfter(parts: CollectParts, run: Run): Promise<void> {
  if (run.startedAt === null) return;
  const places = runPlaces(parts.directories, run);
  const quarantine = join(parts.directories.varDir, 'quarantine', run.id);
  try {
    const record = await readCloneRecord(places);
    const left = { record, places, quarantine };
    const isMore = record && (await mayHaveCommits(places, record));
    const [kept, rest] = await Promise.all([
      isMore ? keep(parts, run, { ...left, record }) : undefined,
      record ? lookForLeft(parts, run, { record, places }) : undefined,
    ]);
    await search(parts, run, left).catch(async (error: unknown) => await noteBroken(parts, run, error));
    // Only now, so that nothing is published that was not searched, whenever this breaks off.
    for (const entry of [kept, rest]) if (entry) await noteOnce(parts, run, entry);
  } catch (error) {
    parts.log.error({ err: error, run: run.id }, 'looking after a run broke off');
  } finally {
    await removeTree(quarantine);
  }
}

/** A line of the timeline. */
type Entry = Pick<TimelineEntry, 'kind' | 'text' | 'data'>;

type Left = { record: CloneRecord | undefined; places: RunPlaces; quarantine: string };

async function keep(
  parts: CollectParts,
  run: Run,
  { record, places, quarantine }: Left & { record: CloneRecord },
): Promise<Entry | undefined> {
  try {
    checkPlanMounts([{ source: places.workspace, target: '/workspace' }], parts.mountHost, [
      places.workspace,
    ]);
    const { commit: base, branch, owner, mirror, committer } = record;
    const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
    const as = profile.publish?.as;
    const branches = await lastBranches(parts, { run, profile, mirror });
    const kept = await keepChanges(
      parts,
      {
        installation: parts.directories.installation,
        runId: run.id,
        workspace: places.workspace,
        owner,
        base,
        branch,
        known: knownCommits({ as, base }, branches),
        ...(committer === undefined ? {} : { committer: committer.email }),
      },
      {
        mirror,
        dir: quarantine,
        keepIn: places.log,
        searchable: parts.held.values(run.id).length > 0,
        harmless: as !== undefined && as !== 'patch',
      },
    );
    if (!kept) return undefined;
    const data = { ...kept, base, ...(committer === undefined ? {} : { committer: named(committer) }) };
    return { kind: 'changes_kept', text: keptWords(kept), data };
  } catch (error) {
    const fault = asFlowError(error);
    parts.log.warn({ err: fault, run: run.id }, 'what an agent committed was not kept');
    await noteProblem(parts, run, 'changes_not_kept', fault);
    return undefined;
  }
}

function named({ name, email }: Committer): string {
  return `${name} <${email}>`;
}

/** What may be published is searched by itself, so that a workspace that is too large does not leave that in doubt. */
async function search(parts: CollectParts, run: Run, { record, places, quarantine }: Left): Promise<void> {
  const workspace = { name: 'workspace', dir: places.workspace };
  const look = async (roots: Parameters<typeof findSecrets>[1]['roots']): ReturnType<typeof findSecrets> =>
    await findSecrets(parts.held.values(run.id), {
      roots,
      timeoutMs: SEARCH_MS,
      limit: MAX_FOUND,
      clock: parts.clock,
    });
  const [left, kept] = await Promise.all([
    look([record ? { ...workspace, sinceNs: BigInt(record.sinceNs) } : workspace]),
    look([
      { name: 'log', dir: places.log },
      { name: CHANGES, dir: join(quarantine, CONTENTS) },
    ]),
  ]);
  const found = [...kept.found, ...left.found];
  if (found.length > 0) {
    const files = found.map((path) => showable(parts.redactor, path));
    const fault = secretFound(files);
    parts.log.error({ err: fault, run: run.id, files }, 'an agent left a value that it was handed');
    await noteProblem(parts, run, 'secret_found', fault, { files, inChanges: kept.found.some(isOfChanges) });
  }
  const cuts = [...new Set([...kept.cuts, ...left.cuts])];
  if (cuts.length === 0) return;
  const text = `The search for values that the run was handed is not whole: ${cuts.join('; ')}.`;
  parts.log.warn({ run: run.id, cuts }, 'a search for handed-out values is not whole');
  await noteOnce(parts, run, { kind: 'search_cut', text, data: { inChanges: kept.cuts.length > 0 } });
}

/** A search that broke off leaves it in doubt what the commits hold. */
async function noteBroken(parts: CollectParts, run: Run, error: unknown): Promise<void> {
  parts.log.error({ err: error, run: run.id }, 'a search for handed-out values broke off');
  const text = 'The search for values that the run was handed broke off.';
  await noteOnce(parts, run, { kind: 'search_cut', text, data: { inChanges: true } });
}

function isOfChanges(path: string): boolean {
  return path.startsWith(`${CHANGES}/`) || path.startsWith('log/changes.');
}

/** A name that an agent chose: without any value, on one line, and not endless. */
function showable(redactor: Redactor, path: string): string {
  const masked = redactor.mask(path.startsWith(`${CHANGES}/`) ? CHANGES : path);
  const cut = masked.length > MAX_NAME ? `${masked.slice(0, MAX_NAME)}…` : masked;
  return JSON.stringify(cut).slice(1, -1);
}

async function noteProblem(
  parts: CollectParts,
  run: Run,
  kind: string,
  fault: FlowError,
  data: Record<string, unknown> = {},
): Promise<void> {
  const { code, message, hint } = fault.toProblem();
  const text = parts.redactor.mask(message);
  await noteOnce(parts, run, { kind, text, data: { ...data, code, hint } });
}

/** A run that is concluded again after a crash has its line already. */
async function noteOnce(parts: CollectParts, run: Run, entry: Entry): Promise<void> {
  const timeline = await parts.runs.timeline(run.id);
  const isThere = timeline.some(({ kind, data }) => kind === entry.kind && data.attempt === run.attempt);
  if (!isThere) await parts.runs.note(run.id, { ...entry, data: { ...entry.data, attempt: run.attempt } });
}

function secretFound(files: readonly string[]): FlowError {
  return new FlowError({
    code: 'secret_found',
    blame: 'agent',
    message: `A value that this run was handed is in what it left: ${files.join(', ')}.`,
    hint: 'Take that credential for leaked: replace it, see with `github-flows runs logs` what the agent did with it, and remove the files.',
  });
}
