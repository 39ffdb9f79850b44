import type { MountHost } from '../mounts/mount.ts';
import type { RunStore } from '../runs/run-store.ts';
import { compareAgentConfig } from '../workspaces/agent-config.ts';
import { applyAgentConfig } from '../workspaces/apply-agent-config.ts';
import { checkout } from '../workspaces/checkout.ts';
import type { Mirrors } from '../workspaces/mirror.ts';
import { pullRequestBase, wantedCommit } from './checkout-rule.ts';
import { recordClone } from './clone-record.ts';
import { tokenFileFor } from './github-credential.ts';
import type { Prepared } from './prepare.ts';
import { runBranch } from './prompt.ts';

/** What cloning takes from the rest of the service. */
export type CloneParts = { runs: RunStore; mirrors: Mirrors; mountHost: MountHost; serverUrl: string };

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
  const { mirror, commit } = await parts.mirrors.fetch(source, wantedCommit(profile.checkout, event), {
    signal,
  });
  const wanted = pullRequestBase(profile.checkout, event);
  if (wanted?.sha !== undefined) await parts.mirrors.fetch(source, { sha: wanted.sha }, { signal });
  const { owner } = plan;
  const branch = runBranch(run.id);
  const [changes] = await Promise.all([
    wanted ? compareAgentConfig(mirror, { commit, wanted }, signal) : [],
    checkout({
      mirror,
      commit,
      branch,
      dir: places.repo,
      owner,
      originUrl: `${parts.serverUrl}/${repository.fullName}.git`,
      depth: profile.checkout.depth,
      signal,
    }),
  ]);
  const taken = await applyAgentConfig({ mirror, commit, dir: places.repo, owner, signal }, changes);
  await recordClone(places, { mirror, commit, branch, owner: plan.user });
  await parts.runs.note(run.id, { kind: 'checkout', text: `Checked out ${commit}.`, data: { commit } });
  if (taken.length > 0) await parts.runs.note(run.id, { kind: 'agent_config', text: takenWords(taken) });
}

function takenWords(taken: readonly string[]): string {
  const names = taken.slice(0, MAX_NAMES).map((path) => JSON.stringify(path));
  const more = taken.length > MAX_NAMES ? ` and ${taken.length - MAX_NAMES} more` : '';
  return `Agent configuration is the base's, not the pull request's: ${names.join(', ')}${more}.`;
}
