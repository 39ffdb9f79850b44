import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { asFlowError, FlowError, type Problem } from '../../base/errors.ts';
import { makeDirectory, removeTree } from '../../base/files.ts';
import type { GitHubClient } from '../../github/client.ts';
import { createComment, findComment } from '../../github/issues.ts';
import { isTurnedDown } from '../../github/request-error.ts';
import type { Branches } from '../../workspaces/mirrors/branches.ts';
import { pushCommit } from '../../workspaces/mirrors/push.ts';
import type { Remote } from '../../workspaces/remote.ts';
import { makeQuarantine } from '../bundle/quarantine.ts';
import { createGitReader } from '../git-reader.ts';
import { inspectChanges } from '../judge/inspect.ts';
import { judgeChanges } from '../judge/judge.ts';
import { judgeCommits } from '../judge/judge-commits.ts';
import { likelySecrets } from '../judge/likely-secrets.ts';
import { listNew } from '../judge/new-commits.ts';
import { readCommits } from '../judge/read-objects.ts';
import { type Destination, findDestination } from './destination.ts';
import { openPullRequest } from './open-pull-request.ts';
import { knownCommits, type PublishPlan } from './plan.ts';

/** What publishing takes from the rest of the service. */
type PublishParts = {
  client: GitHubClient;
  remote: Remote;
  /** Fetches into the mirror, and gives the branches that the repository has now. */
  branches(signal: AbortSignal): Promise<Branches>;
  /** Hides what looks like a secret, as in a log. */
  mask(text: string): string;
  /** The commits that runs before this one pushed to a branch, so that only they are ever replaced. */
  pushedTo(branch: string): Promise<ReadonlySet<string>>;
  /** Remembers a push before it is made. */
  pushing(branch: string): Promise<void>;
};

/** Where one publication works: the bundle that was kept, the mirror it stands on, and a directory that is made for it and removed. */
type PublishPlaces = { bundle: string; mirror: string; dir: string };

/** The result; `notes` are what GitHub refused besides, such as a label. */
export type Published =
  | { url: string; text: string; branch: string | null; notes: string[] }
  | { refused: PublishRefusal[] };

/** Why nothing was published; `detail` is for the operator alone, and never shown on GitHub. */
export type PublishRefusal = Problem & { detail?: string };

/**
 * Publishes what an agent committed: checks every commit that no branch has, pushes the branch from a repository that
 * holds only these objects, and opens or updates the pull request; or posts the patch. Idempotent: after a crash at any
 * point it may be called again. Throws the codes of git's and GitHub's errors, which may be temporary.
 */
export async function publish(
  parts: PublishParts,
  job: {
    plan: PublishPlan;
    places: PublishPlaces;
    /** `mark` is in the text of one that was posted before, and `isOurs` tells it from those of others. */
    comment: PatchComment;
    signal: AbortSignal;
  },
): Promise<Published> {
  const { plan, places } = job;
  await removeTree(places.dir);
  await makeDirectory(places.dir, { mode: 0o700 });
  try {
    await checkPlaces(places);
    const branches = await parts.branches(job.signal);
    const repository = await admit(plan, places);
    const place = { ...places, repository, branches, mask: parts.mask, signal: job.signal };
    const { problems, notes } = await judge(plan, place);
    if (problems.length > 0) return { refused: problems };
    if (plan.changesNothing) return { refused: [nothingChanged()] };
    if (plan.as === 'patch') return await postPatch(parts.client, plan, job.comment);
    const destination = await findDestination(parts, plan, job.signal);
    if ('refused' in destination) return destination;
    const refused = await push(parts, { repository, plan, destination }, job.signal);
    if (refused.length > 0) return { refused };
    const published = await present(parts.client, plan, destination);
    return 'notes' in published ? { ...published, notes: [...notes, ...published.notes] } : published;
  } finally {
    await removeTree(places.dir);
  }
}

async function checkPlaces({ bundle, mirror }: PublishPlaces): Promise<void> {
  for (const path of [bundle, mirror])
    await access(path).catch(() => {
      throw changesGone(path);
    });
}

async function admit(plan: PublishPlan, { bundle, mirror, dir }: PublishPlaces): Promise<string> {
  const repository = join(dir, 'repository.git');
  const quarantine = await makeQuarantine({ dir: repository, mirror, base: plan.base, branch: 'publish' });
  await quarantine.admitOwn(bundle, plan.commit);
  return repository;
}

/** All problems of the commits that publishing would bring, and notes for people where there is none. */
async function judge(
  plan: PublishPlan,
  place: Pick<PublishPlaces, 'mirror' | 'dir'> & {
    repository: string;
    branches: Branches;
    mask: (text: string) => string;
    signal: AbortSignal;
  },
): Promise<{ problems: Problem[]; notes: string[] }> {
  const { base, commit, limits, authors } = plan;
  const reader = createGitReader(place.repository, place.dir, place.signal);
  const mirror = createGitReader(place.mirror, place.repository, place.signal);
  const known = knownCommits(plan, place.branches);
  const commits = await listNew(reader, { tip: commit, known });
  const own = new Set((await listNew(reader, { tip: commit, known: [...known, base] })).map(({ id }) => id));
  const { binaryBytes } = limits;
  const set = await inspectChanges({ reader, mirror, commits, base, commit, binaryBytes });
  const ids = commits.map(({ id }) => id);
  const objects = await readCommits(reader, ids);
  const judged = objects.map((object, index) => {
    const id = ids[index] ?? '';
    return { id, commit: object, isOfBase: !own.has(id) };
  });
  // In a rewritten history nobody knows whose commit is whose.
  const isJudged = plan.as !== 'patch' && authors !== undefined && set.isOnBase;
  const ofCommits = isJudged ? judgeCommits(judged, authors) : [];
  const problems = [...judgeChanges(set, limits), ...ofCommits];
  if (problems.length > 0 || plan.as === 'patch') return { problems, notes: [] };
  const secrets = await likelySecrets(reader, set, place.mask);
  return { problems, notes: secrets.length === 0 ? [] : [likelySecret(secrets)] };
}

function likelySecret(places: readonly string[]): string {
  return `What was pushed holds what looks like a token or a key: ${places.join(', ')}. If it is one, treat it as compromised.`;
}

async function push(
  parts: PublishParts,
  { repository, plan, destination }: { repository: string; plan: PublishPlan; destination: Destination },
  signal: AbortSignal,
): Promise<PublishRefusal[]> {
  const { branch, at } = destination;
  if (at === plan.commit) return [];
  await parts.pushing(branch);
  return await pushCommit(
    parts.remote,
    { repository, commit: plan.commit, branch, expected: at, name: `${plan.owner}/${plan.repository}` },
    signal,
  );
}

async function present(
  client: GitHubClient,
  plan: PublishPlan,
  destination: Destination,
): Promise<Published> {
  const { branch, pull } = destination;
  if (pull) {
    const text = `Pushed to ${branch}, the branch of pull request #${pull.number}.`;
    return { url: pull.url, text, branch, notes: [] };
  }
  const { url, number, isNew, notes } = await openPullRequest(client, plan, {
    branch,
    into: destination.into,
    commit: plan.commit,
  }).catch((error: unknown) => {
    throw pushedOnly(branch, asFlowError(error));
  });
  const text = `${isNew ? 'Opened' : 'Updated'} pull request #${number} from ${branch}.`;
  return { url, text, branch, notes };
}

type PatchComment = { mark: string; body: string; isOurs(body: string): boolean };

/** A comment that was perhaps posted before a crash is looked for first. */
async function postPatch(
  client: GitHubClient,
  { owner, repository: repo, number }: PublishPlan,
  { mark, body, isOurs }: PatchComment,
): Promise<Published> {
  if (number === null) return { refused: [noThread()] };
  const place = { owner, repo, number };
  const known = await findComment(client, {
    ...place,
    mark,
    isOurs: (comment) => isOurs(comment.body),
  });
  const { url } = known ?? (await createComment(client, { ...place, body }));
  return { url, text: `Posted the patch on #${number}.`, branch: null, notes: [] };
}

function changesGone(path: string): FlowError {
  return new FlowError({
    code: 'publish_changes_gone',
    blame: 'operator',
    message: `What was to be published is not there any more: ${path}.`,
    hint: 'Start the run again (`github-flows runs retry`), and see who removes files below VAR_DIR.',
  });
}

/** The same error; its message adds that the commits are on GitHub. A final refusal has a code of its own. */
function pushedOnly(branch: string, error: FlowError): FlowError {
  const { blame, cause } = error;
  const { code, message: said, hint } = error.toProblem();
  const message = `The branch ${branch} is pushed, but its pull request is not what it should be: ${said}`;
  if (!isTurnedDown(error)) return new FlowError({ code, blame, message, hint, cause });
  return new FlowError({
    code: 'publish_pull_request_refused',
    blame,
    message,
    hint: 'See what GitHub says, then open the pull request from that branch by hand, or delete the branch and start the run again.',
    cause,
  });
}

function noThread(): Problem {
  return {
    code: 'publish_no_thread',
    message: 'The patch cannot be posted: the event is about no issue and no pull request.',
    hint: 'Set publish.as to "pull-request" in the profile; the patch itself is kept with the run (`github-flows runs show`).',
  };
}

function nothingChanged(): Problem {
  return {
    code: 'publish_changes_nothing',
    message: 'What the agent committed changes nothing: its commits are empty, or take back what they did.',
    hint: 'If a change was wanted, see what the agent did and answered, then start a run again.',
  };
}
