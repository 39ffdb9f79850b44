import { join } from 'node:path';
import type { Problem } from '../base/errors.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Profile } from '../profiles/profile.ts';
import type { PublishPlan } from '../publish/plan.ts';
import { type Published, publish } from '../publish/publish.ts';
import type { Publication, PublicationStore } from '../runs/publication-store.ts';
import type { Run } from '../runs/run.ts';
import type { Remote } from '../workspaces/remote.ts';
import { readDelivered } from './delivered.ts';
import { patchComment, readPatch } from './patch-comment.ts';
import { type Directories, runPlaces } from './places.ts';
import { planPublication } from './publication.ts';
import type { PublishWordsParts } from './publish-words.ts';

/** What publishing one run takes from the rest of the service. */
export type PublishingParts = PublishWordsParts & {
  publications: PublicationStore<PublishPlan>;
  deliveries: DeliveryStore;
  directories: Directories;
  clientFor(profile: Profile, repository: string): GitHubClient;
  remoteFor(profile: Profile, repository: string): Remote;
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
  if (!rule || run.outcome !== 'succeeded') return { nothing: true };
  const timeline = (await parts.runs.timeline(run.id)).filter(({ data }) => data.attempt === run.attempt);
  const kept = timeline.find(({ kind }) => kind === 'changes_kept')?.data;
  if (!kept) {
    const text = 'Nothing was published: the agent committed nothing.';
    if (!timeline.some(({ kind }) => kind === 'changes_not_kept' || kind === 'publish_nothing'))
      await parts.runs.note(run.id, { kind: 'publish_nothing', text, data: { attempt: run.attempt } });
    return { nothing: true };
  }
  const leak = timeline.find(
    ({ kind, data }) => ['secret_found', 'search_cut'].includes(kind) && data.inChanges === true,
  );
  if (leak) return { refused: [secretInside(leak.kind)] };
  const commits = { base: String(kept.base), commit: String(kept.commit) };
  const { event } = await readDelivered(parts.deliveries, run.deliveryId);
  return { plan: planPublication({ ...parts, profile, rule, event, run, kept: commits }) };
}

/** Publishes what was decided, from the bundle that was kept with the run. Throws the codes of git's and GitHub's faults. */
export async function carryOut(
  parts: PublishingParts,
  { publication, run, signal }: { publication: Publication<PublishPlan>; run: Run; signal: AbortSignal },
): Promise<Published> {
  const { publications, directories } = parts;
  const { plan, attempt } = publication;
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const { log } = runPlaces(directories, { ...run, attempt });
  const mark = parts.mark(`${run.id}:patch${attempt > 1 ? `:${attempt}` : ''}`);
  const patch =
    plan.as === 'patch'
      ? await readPatch(join(log, 'changes.patch'), parts.mask).catch(() => ({ text: '', bytes: 0 }))
      : { text: '', bytes: 0 };
  return await publish(
    {
      client: parts.clientFor(profile, run.repository),
      remote: parts.remoteFor(profile, run.repository),
      pushedTo: async (branch) => await publications.pushedTo(publication, branch),
      pushing: async (branch) => await publications.pushing(publication, branch),
    },
    {
      plan,
      places: {
        bundle: join(log, 'changes.bundle'),
        mirror: join(directories.varDir, 'mirrors', `${run.repositoryId}.git`),
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
