import { join } from 'node:path';
import type { Problem } from '../../base/errors.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import { commentMark, type Marks } from '../../feedback/marks.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { PublishPlan } from '../../publish/push/plan.ts';
import { type Published, publish } from '../../publish/push/publish.ts';
import type { Publication, PublicationStore } from '../../runs/outbox/publication-store.ts';
import type { Run, TimelineEntry } from '../../runs/run.ts';
import { findStore } from '../../workspaces/mirrors/apart.ts';
import type { Branches } from '../../workspaces/mirrors/branches.ts';
import type { Remote } from '../../workspaces/remote.ts';
import { readDelivered } from '../delivered.ts';
import { type Directories, runPaths } from '../paths.ts';
import { patchComment, readPatch } from '../reporting/patch-comment.ts';
import { planPublication } from './publication.ts';
import type { MergeTarget } from './target.ts';
import type { PublishTextsParts } from './texts.ts';

/** What publishing one run takes from the rest of the service. */
export type PublishingParts = PublishTextsParts & {
  publications: PublicationStore<PublishPlan>;
  deliveries: DeliveryStore;
  directories: Directories;
  clientFor(profile: Profile, repository: string): GitHubClient;
  remoteFor(profile: Profile, repository: string): Remote;
  /** The branches that the run's repository has now, fetched into its mirror. */
  branchesFor(profile: Profile, run: Run, signal: AbortSignal): Promise<Branches>;
  marks: Marks;
  /** Asks GitHub again, just before: why nothing may be published any more, or undefined. Throws `world_unknown`. */
  whyNotNow(run: Run, profile: Profile): Promise<Problem | undefined>;
};

/** One publication's whole time. */
const PUBLISH_TIMEOUT_MS = 5 * 60_000;

/** What is to be published of a run that ended: a plan, nothing, or why not. Throws the codes of the prompts room. */
export async function decidePublication(
  parts: PublishingParts,
  run: Run,
): Promise<{ plan: PublishPlan } | { refused: Problem[] } | { nothing: true }> {
  const profile = await parts.runs.profile(run.id);
  const rule = profile.publish;
  if (!rule) return { nothing: true };
  const whole = await parts.runs.timeline(run.id);
  const timeline = whole.filter(({ data }) => data.attempt === run.attempt);
  const kept = timeline.find(({ kind }) => kind === 'changes_kept')?.data;
  for (const line of whyNothing(run, timeline))
    if (!timeline.some(({ kind }) => kind === line.kind))
      await parts.runs.note(run.id, { ...line, data: { attempt: run.attempt } });
  if (!kept || run.outcome !== 'succeeded') return { nothing: true };
  const leak = timeline.find(
    ({ kind, data }) => ['secret_found', 'search_cut'].includes(kind) && data.inChanges === true,
  );
  if (leak) return { refused: [secretInside(leak.kind)] };
  const commits = {
    base: String(kept.base),
    commit: String(kept.commit),
    ...(typeof kept.committer === 'string' ? { committer: kept.committer } : {}),
    ...(changesNothing(rule.as, kept) && { changesNothing: true }),
  };
  const { event } = await readDelivered(parts.deliveries, run.deliveryId);
  const target = targetOf(whole.findLast(({ kind }) => kind === 'checkout')?.data, event);
  return { plan: planPublication({ ...parts, rule, event, run, kept: commits, target }) };
}

/**
 * Whether a publication would change no file. A patch is empty without files. A branch that the base was merged into does
 * change, though no commit is the agent's own; where every file is as before, a push would only bring a fork's commits.
 */
export function changesNothing(
  as: PublishPlan['as'],
  { files, isAsBefore = files === 0 }: Record<string, unknown>,
): boolean {
  return as === 'patch' ? files === 0 : isAsBefore === true;
}

/** The target that was looked up before the agent began; runs of earlier versions have none, so it is the default branch. */
function targetOf(
  checkout: Record<string, unknown> | undefined,
  { repository, pullRequest }: FlowEvent,
): MergeTarget {
  const { into, isDefault } = checkout ?? {};
  if (typeof into === 'string' || into === null) return { into, isDefault: isDefault === true };
  return { into: pullRequest ? null : (repository?.defaultBranch ?? null), isDefault: true };
}

/** Lines about why nothing of a run is published; none where another line of its timeline has the reason. */
function whyNothing({ outcome }: Run, timeline: readonly TimelineEntry[]): { kind: string; text: string }[] {
  const has = (...kinds: string[]): boolean => timeline.some(({ kind }) => kinds.includes(kind));
  const kept = timeline.find(({ kind }) => kind === 'changes_kept')?.data;
  if (outcome !== 'succeeded') return kept ? [withheld(kept.patch !== null)] : [];
  if (has('changes_kept', 'changes_not_kept')) return [];
  return has('left_behind', 'left_unknown') ? [UNCOMMITTED] : [UNCOMMITTED, UNCHANGED];
}

function withheld(isKept: boolean): { kind: string; text: string } {
  const why = 'Nothing was published, because the run did not succeed.';
  const where = 'What the agent committed is kept for a while as a patch.';
  return { kind: 'publish_withheld', text: isKept ? `${why} ${where}` : why };
}
const UNCOMMITTED = {
  kind: 'publish_nothing',
  text: 'Nothing was published: the agent committed nothing.',
};
const UNCHANGED = { kind: 'nothing_changed', text: 'Nothing changed in the repository.' };

/** Publishes what was decided from the bundle that is kept with the run, after GitHub is asked again about actor and thread. Throws `world_unknown` and the codes of git and GitHub. */
export async function carryOut(
  parts: PublishingParts,
  { publication, run, signal }: { publication: Publication<PublishPlan>; run: Run; signal: AbortSignal },
): Promise<Published> {
  const { publications, directories } = parts;
  const { plan, attempt } = publication;
  const profile = await parts.runs.profile(run.id);
  const change = await parts.whyNotNow(run, profile);
  if (change) return { refused: [change] };
  const { log } = runPaths(directories, { ...run, attempt });
  const mirror = join(directories.varDir, 'mirrors', `${run.repositoryId}.git`);
  const patchOf = `${run.id}:patch${attempt > 1 ? `:${attempt}` : ''}`;
  const mark = commentMark(patchOf);
  const patch =
    plan.as === 'patch'
      ? await readPatch(join(log, 'changes.patch'), parts.mask).catch(() => ({ text: '', bytes: 0 }))
      : { text: '', bytes: 0 };
  return await publish(
    {
      client: parts.clientFor(profile, run.repository),
      remote: parts.remoteFor(profile, run.repository),
      mask: parts.mask,
      branches: async (until) => await parts.branchesFor(profile, run, until),
      pushedTo: async (branch) => await publications.pushedTo(publication, branch),
      pushing: async (branch) => await publications.pushing(publication, branch),
    },
    {
      plan,
      places: {
        bundle: join(log, 'changes.bundle'),
        mirror: (await findStore(mirror, plan.base)) ?? mirror,
        dir: join(directories.varDir, 'quarantine', `${run.id}-publish`),
      },
      comment: {
        mark: mark.replace(/ -->$/, ''),
        body: parts.marks.seal(patchComment({ runId: run.id, mark, title: plan.title, patch })),
        isOurs: (body) => parts.marks.isSealed(body, `run:${patchOf}`),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PUBLISH_TIMEOUT_MS)]),
    },
  );
}

function secretInside(kind: string): Problem {
  return {
    code: 'publish_secret_found',
    message:
      kind === 'secret_found'
        ? 'A value that was granted to the run is in what the agent committed.'
        : 'What the agent committed could not be searched whole for the values that were granted to the run.',
    hint: 'See with `github-flows runs show` which files hold it, and what is kept, masked. Treat the credential as compromised and rotate it.',
  };
}
