import { join } from 'node:path';
import type { Problem } from '../base/errors.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { FlowEvent } from '../events/event.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Profile } from '../profiles/profile.ts';
import type { PublishPlan } from '../publish/plan.ts';
import { type Published, publish } from '../publish/publish.ts';
import type { Publication, PublicationStore } from '../runs/publication-store.ts';
import type { Run, TimelineEntry } from '../runs/run.ts';
import { findStore } from '../workspaces/apart.ts';
import type { Branches } from '../workspaces/branches.ts';
import type { Remote } from '../workspaces/remote.ts';
import { readDelivered } from './delivered.ts';
import { patchComment, readPatch } from './patch-comment.ts';
import { type Directories, runPlaces } from './places.ts';
import { planPublication } from './publication.ts';
import type { PublishWordsParts } from './publish-words.ts';
import type { Target } from './target.ts';

/** What publishing one run takes from the rest of the service. */
export type PublishingParts = PublishWordsParts & {
  publications: PublicationStore<PublishPlan>;
  deliveries: DeliveryStore;
  directories: Directories;
  clientFor(profile: Profile, repository: string): GitHubClient;
  remoteFor(profile: Profile, repository: string): Remote;
  /** The branches that the run's repository has now, fetched into its mirror. */
  branchesFor(profile: Profile, run: Run, signal: AbortSignal): Promise<Branches>;
  mark(runId: string): string;
};

/** One publication's whole time. */
const PUBLISH_TIMEOUT_MS = 5 * 60_000;

/** What is to be published of a run that ended, nothing, or why not. Throws the codes of the prompts room. */
export async function decidePublication(
  parts: PublishingParts,
  run: Run,
): Promise<{ plan: PublishPlan } | { refused: Problem[] } | { nothing: true }> {
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const rule = profile.publish;
  if (!rule) return { nothing: true };
  const whole = await parts.runs.timeline(run.id);
  const timeline = whole.filter(({ data }) => data.attempt === run.attempt);
  const kept = timeline.find(({ kind }) => kind === 'changes_kept')?.data;
  const nothing = whyNothing(run, timeline);
  if (nothing && !timeline.some(({ kind }) => kind === nothing.kind))
    await parts.runs.note(run.id, { ...nothing, data: { attempt: run.attempt } });
  if (!kept || nothing || run.outcome !== 'succeeded') return { nothing: true };
  const leak = timeline.find(
    ({ kind, data }) => ['secret_found', 'search_cut'].includes(kind) && data.inChanges === true,
  );
  if (leak) return { refused: [secretInside(leak.kind)] };
  const commits = {
    base: String(kept.base),
    commit: String(kept.commit),
    ...(typeof kept.committer === 'string' ? { committer: kept.committer } : {}),
  };
  const { event } = await readDelivered(parts.deliveries, run.deliveryId);
  const target = targetTold(whole.findLast(({ kind }) => kind === 'checkout')?.data, event);
  return { plan: planPublication({ ...parts, rule, event, run, kept: commits, target }) };
}

/** What was found out before the agent began; of a run that began before there was this, the default branch. */
function targetTold(
  told: Record<string, unknown> | undefined,
  { repository, pullRequest }: FlowEvent,
): Target {
  const { into, isDefault } = told ?? {};
  if (typeof into === 'string' || into === null) return { into, isDefault: isDefault === true };
  return { into: pullRequest ? null : (repository?.defaultBranch ?? null), isDefault: true };
}

/** Why nothing of a run is published, where no other line of its timeline says it. */
function whyNothing(
  { outcome }: Run,
  timeline: readonly TimelineEntry[],
): { kind: 'publish_nothing' | 'publish_withheld'; text: string } | undefined {
  const find = (kind: string) => timeline.find((entry) => entry.kind === kind);
  const kept = find('changes_kept')?.data;
  const isEmpty = kept?.files === 0;
  if (outcome !== 'succeeded')
    return kept && !isEmpty ? { kind: 'publish_withheld', text: WITHHELD } : undefined;
  if (isEmpty) return { kind: 'publish_nothing', text: EMPTY };
  if (kept || find('changes_not_kept')) return undefined;
  const isUnchanged = !find('left_behind') && !find('left_unknown');
  return { kind: 'publish_nothing', text: isUnchanged ? UNCHANGED : UNCOMMITTED };
}

const WITHHELD =
  'Nothing was published, because the run did not succeed. What the agent committed is kept for a while as a patch.';
const EMPTY = 'Nothing was published: what the agent committed changes nothing.';
const UNCHANGED = 'Nothing was published: the agent committed nothing, and nothing changed.';
const UNCOMMITTED = 'Nothing was published: the agent committed nothing.';

/** Publishes what was decided, from the bundle that was kept with the run. Throws the codes of git's and GitHub's faults. */
export async function carryOut(
  parts: PublishingParts,
  { publication, run, signal }: { publication: Publication<PublishPlan>; run: Run; signal: AbortSignal },
): Promise<Published> {
  const { publications, directories } = parts;
  const { plan, attempt } = publication;
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const { log } = runPlaces(directories, { ...run, attempt });
  const mirror = join(directories.varDir, 'mirrors', `${run.repositoryId}.git`);
  const mark = parts.mark(`${run.id}:patch${attempt > 1 ? `:${attempt}` : ''}`);
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
      comment: { mark, body: patchComment({ runId: run.id, mark, title: plan.title, patch }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PUBLISH_TIMEOUT_MS)]),
    },
  );
}

function secretInside(kind: string): Problem {
  return {
    code: 'publish_secret_found',
    message:
      kind === 'secret_found'
        ? 'A value that the run was handed is in what the agent committed.'
        : 'What the agent committed could not be searched whole for the values that the run was handed.',
    mend: 'Look at the patch that is kept with the run (`github-flows runs show`); take a credential that is in it for leaked, and replace it.',
  };
}
