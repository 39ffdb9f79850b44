import type { MountHost } from '../mounts/mount.ts';
import type { RunStore } from '../runs/run-store.ts';
import { compareAgentConfig } from '../workspaces/agent-config.ts';
import { mainMirror } from '../workspaces/apart.ts';
import { applyAgentConfig } from '../workspaces/apply-agent-config.ts';
import { countPointers } from '../workspaces/census.ts';
import { checkout } from '../workspaces/checkout.ts';
import type { RepositoryLimits } from '../workspaces/git-limits.ts';
import type { Mirrors } from '../workspaces/mirror.ts';
import type { Repository } from '../workspaces/remote.ts';
import { pullRequestBase, wantedCommit } from './checkout-rule.ts';
import { recordClone } from './clone-record.ts';
import { tokenFileFor } from './github-credential.ts';
import type { Prepared } from './prepare.ts';
import { runBranch } from './prompt.ts';

/** What cloning takes from the rest of the service. */
export type CloneParts = {
  runs: RunStore;
  mirrors: Mirrors;
  mountHost: MountHost;
  serverUrl: string;
  repositoryLimits: RepositoryLimits;
};

/** More names than this say nothing more. */
const MAX_NAMES = 10;

/** Fetches the event's commit and clones it into the workspace, with the base's agent configuration for a pull request. */
export async function cloneRepository(
  parts: CloneParts,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<void> {
  const { event, profile, places, plan, run } = prepared;
  const repository = event.repository;
  if (!repository) return;
  const source = { ...repository, tokenFile: tokenFileFor(profile, parts.mountHost.secretsDir) };
  const want = wantedCommit(profile.checkout, event);
  const { mirror, commit } = await parts.mirrors.fetch(source, want, { signal });
  const wanted = pullRequestBase(profile.checkout, event);
  const both = await mirrorOfBoth(parts, { source, mirror, base: wanted?.sha }, signal);
  const owner = plan.user;
  const branch = runBranch(run.id);
  const census = await checkout({
    mirror,
    commit,
    branch,
    dir: places.repo,
    owner,
    originUrl: `${parts.serverUrl}/${repository.fullName}.git`,
    depth: profile.checkout.depth,
    limits: parts.repositoryLimits,
    signal,
  });
  const [changes, pointers] = await Promise.all([
    wanted ? compareAgentConfig(both, { commit, wanted }, signal) : [],
    census ? countPointers(mirror, census, signal) : 0,
  ]);
  const taken = await applyAgentConfig({ mirror: both, commit, dir: places.repo, owner, signal }, changes);
  await recordClone(places, { mirror, commit, branch, owner });
  await parts.runs.note(run.id, { kind: 'checkout', text: `Checked out ${commit}.`, data: { commit } });
  if (pointers > 0)
    await parts.runs.note(run.id, {
      kind: 'lfs_pointers',
      text: pointerWords(pointers),
      data: { files: pointers },
    });
  if (taken.length > 0) await parts.runs.note(run.id, { kind: 'agent_config', text: takenWords(taken) });
}

/** Where head and base can both be read: a base that no branch has any more comes into the head's store, or into one that sees the head. */
async function mirrorOfBoth(
  { mirrors }: CloneParts,
  { source, mirror, base }: { source: Repository; mirror: string; base: string | undefined },
  signal: AbortSignal,
): Promise<string> {
  if (base === undefined) return mirror;
  const fetched = await mirrors.fetch(source, { sha: base }, { signal, beside: mirror });
  return mainMirror(mirror) === mirror ? fetched.mirror : mirror;
}

function pointerWords(pointers: number): string {
  const files =
    pointers === 1
      ? '1 file of the checkout is a Git LFS pointer'
      : `${pointers} files of the checkout are Git LFS pointers`;
  return `${files}: the agent sees the pointers, not the contents.`;
}

function takenWords(taken: readonly string[]): string {
  const names = taken.slice(0, MAX_NAMES).map((path) => JSON.stringify(path));
  const more = taken.length > MAX_NAMES ? ` and ${taken.length - MAX_NAMES} more` : '';
  return `Agent configuration is the base's, not the pull request's: ${names.join(', ')}${more}.`;
}
