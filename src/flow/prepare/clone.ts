import type { Agent } from '../../agents/agent.ts';
import type { MountHost } from '../../mounts/mount.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { compareAgentConfig } from '../../workspaces/checkouts/agent-config.ts';
import { applyAgentConfig } from '../../workspaces/checkouts/apply-agent-config.ts';
import { countPointers } from '../../workspaces/checkouts/census.ts';
import { checkout } from '../../workspaces/checkouts/checkout.ts';
import type { RepositoryLimits } from '../../workspaces/git-limits.ts';
import type { Mirrors } from '../../workspaces/mirrors/mirror.ts';
import { credentialSource } from '../github/github-credential.ts';
import { type CheckPublicationParts, checkPublication } from './check-publication.ts';
import { recordClone } from './clone-record.ts';
import { type CloneSource, fetchSource } from './clone-source.ts';
import type { Prepared } from './prepare.ts';
import { runBranch } from './prompt.ts';
import { nameRenamed } from './renamed-ref.ts';

/** What cloning takes from the rest of the service. */
type CloneParts = CheckPublicationParts & {
  agents: readonly Agent[];
  runs: RunStore;
  mirrors: Mirrors;
  mountHost: MountHost;
  serverUrl: string;
  repositoryLimits: RepositoryLimits;
};

/** How many names a note lists. */
const MAX_NAMES = 10;

/** Fetches the event's commit and clones it into the workspace, with the base's agent configuration for a pull request. */
export async function cloneRepository(
  parts: CloneParts,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<void> {
  const { event, profile, paths, plan, run, committer } = prepared;
  const repository = event.repository;
  if (!repository) return;
  const source = { ...repository, ...credentialSource(profile, parts.mountHost.secretsDir) };
  const found = await fetchSource(parts.mirrors, { profile, event, repository: source }, signal).catch(
    async (error: unknown) => {
      throw await nameRenamed(parts, { profile, repository: repository.fullName }, error);
    },
  );
  const { mirror, commit, base, both } = found;
  const target = await checkPublication(parts, prepared, found, signal);
  const { owner } = plan;
  const branch = runBranch(run.id);
  const census = await checkout({
    mirror,
    commit,
    branch,
    dir: paths.repo,
    owner,
    originUrl: `${parts.serverUrl}/${repository.fullName}.git`,
    depth: profile.checkout.depth,
    limits: parts.repositoryLimits,
    signal,
  });
  const [changes, pointers] = await Promise.all([
    base ? compareAgentConfig(both, { commit, wanted: base, agents: parts.agents }, signal) : [],
    census ? countPointers(mirror, census, signal) : 0,
  ]);
  const taken = await applyAgentConfig({ mirror: both, commit, dir: paths.repo, owner, signal }, changes);
  await recordClone(paths, { mirror, commit, branch, owner: plan.user, committer });
  const text = `Checked out ${commit}.${renamedText(repository.defaultBranch, found)}`;
  await parts.runs.note(run.id, { kind: 'checkout', text, data: { commit, ...target } });
  if (pointers > 0) await parts.runs.note(run.id, pointersNote(pointers));
  if (taken.length > 0) await parts.runs.note(run.id, { kind: 'agent_config', text: takenText(taken) });
}

/** An event may be older than the name of the default branch. */
function renamedText(expected: string | undefined, { home }: CloneSource): string {
  if (home === undefined || expected === undefined || expected === home) return '';
  return ` The default branch is ${JSON.stringify(home)} now, and not ${JSON.stringify(expected)}, as the event says.`;
}

function pointersNote(pointers: number): { kind: string; text: string; data: { files: number } } {
  const files =
    pointers === 1
      ? '1 file of the checkout is a Git LFS pointer'
      : `${pointers} files of the checkout are Git LFS pointers`;
  const text = `${files}: the agent sees the pointers, not the contents.`;
  return { kind: 'lfs_pointers', text, data: { files: pointers } };
}

function takenText(taken: readonly string[]): string {
  const names = taken.slice(0, MAX_NAMES).map((path) => JSON.stringify(path));
  const more = taken.length > MAX_NAMES ? ` and ${taken.length - MAX_NAMES} more` : '';
  return `Agent configuration is the base's, not the pull request's: ${names.join(', ')}${more}.`;
}
