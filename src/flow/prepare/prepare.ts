import { chmod, lchown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, type Owner, writeAtomic } from '../../base/files.ts';
import { type Committer, NOBODY, type RunFile, runFiles } from '../../containers/create/start-script.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import type { Plan } from '../../containers/plan.ts';
import { gitUserName } from '../../credentials/github/github-tokens.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { resolveMounts } from '../../mounts/rules/check.ts';
import { NO_POLICY } from '../../policy/policy.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { PreparingRun, Run } from '../../runs/run.ts';
import { withPinnedHead } from '../admission/checkout-rule.ts';
import { type GrantParts, injectGrants, readGrants } from '../credentials/grants.ts';
import { readDelivered } from '../delivered.ts';
import type { CommitterFor } from '../github/committer.ts';
import { tokenMount } from '../github/github-credential.ts';
import { makeHandlerMark } from '../output/handler-mark.ts';
import { type Directories, type RunPaths, removeRunPaths, runPaths } from '../paths.ts';
import { enforcePolicy } from './enforce-policy.ts';
import { notWanted } from './errors.ts';
import { makePlan, type PlanDefaults } from './plan.ts';
import { promptFor, runBranch } from './prompt.ts';
import { type RecheckParts, recheck } from './recheck.ts';

/** A run whose files, plan and credentials are ready; the clone and the container are missing. */
export type Prepared = {
  run: PreparingRun;
  event: FlowEvent;
  profile: Profile;
  plan: Plan;
  paths: RunPaths;
  /** Whom git in the container commits as. */
  committer: Committer;
};

/** What preparing takes from the rest of the service. */
export type PrepareParts = GrantParts &
  RecheckParts & {
    deliveries: DeliveryStore;
    engine: Engine;
    directories: Directories;
    mountHost: MountHost;
    defaults: PlanDefaults;
    serverUrl: string;
    committerFor: CommitterFor;
  };

/** Asks GitHub again whether the run is wanted, decides the plan, renders the prompt, reads every grant, and only then injects them and writes the run's files. Throws whatever refuses the run; the caller cleans up. */
export async function prepare(
  parts: PrepareParts,
  run: PreparingRun,
  signal: AbortSignal,
): Promise<Prepared> {
  const { event, body, profile } = await readRun(parts, run);
  const change = await recheck(parts, { run, profile, event }, 'start');
  if (change) throw notWanted(change);
  const paths = runPaths(parts.directories, run);
  const plan = await decidePlan(parts, { run, profile, paths });
  const prompt = promptFor(profile, event, run.id);
  const asking = isCommitting(profile, plan) ? parts.committerFor(profile, run.repository) : NOBODY;
  const grants = await readGrants(parts, { run, profile, plan, signal });
  await makePaths(paths, plan.owner);
  await makeHandlerMark(paths, plan.owner);
  await injectGrants(parts, { run, plan, paths }, grants);
  const committer = await asking;
  const userName = grants.gitHub && gitUserName(grants.gitHub.token);
  const scripts = runFiles(plan, parts.serverUrl, userName, committer);
  await writeFiles(scripts, { run, body, plan, paths, prompt });
  return { run, event, profile, plan, paths, committer };
}

/** Whether a commit of the agent may reach GitHub. */
function isCommitting(profile: Profile, plan: Plan): boolean {
  return profile.publish !== undefined || tokenMount(plan) !== undefined;
}

async function readRun(
  parts: PrepareParts,
  run: Run,
): Promise<{ event: FlowEvent; body: Buffer; profile: Profile }> {
  const { event: delivered, body } = await readDelivered(parts.deliveries, run.deliveryId);
  const event = withPinnedHead(delivered, run);
  const profile = await parts.runs.profile(run.id);
  return { event, body, profile };
}

async function decidePlan(
  parts: PrepareParts,
  { run, profile, paths }: { run: Run; profile: Profile; paths: RunPaths },
): Promise<Plan> {
  const policy = parts.mountHost.policy?.() ?? NO_POLICY;
  const plan = makePlan({
    profile,
    repository: run.repository,
    runId: run.id,
    mounted: resolveMounts(profile.execution.runtime.dockerArgs.mounts, parts.mountHost),
    paths,
    runtimeUrl: parts.runtimeUrl(),
    defaults: parts.defaults,
    secretsDir: parts.mountHost.secretsDir,
    agents: parts.agents,
    policy,
  });
  return await enforcePolicy(plan, { policy, runAs: parts.defaults.runAs }, parts.engine);
}

/** Makes the directories anew, without what an earlier attempt left. */
async function makePaths(paths: RunPaths, owner: Owner): Promise<void> {
  await removeRunPaths(paths);
  await makeDirectory(paths.home, { mode: 0o711 });
  await makeDirectory(paths.files, { mode: 0o700, owner });
  await makeDirectory(join(paths.files, 'bin'), { mode: 0o700, owner });
  await makeDirectory(paths.workspace, { mode: 0o700, owner });
  await makeDirectory(paths.log, { mode: 0o700 });
}

async function writeFiles(
  scripts: readonly RunFile[],
  {
    run,
    body,
    plan,
    paths,
    prompt,
  }: Pick<Prepared, 'run' | 'plan' | 'paths'> & { body: Buffer; prompt: string },
): Promise<void> {
  const runInfo = {
    id: run.id,
    attempt: run.attempt,
    deliveryId: run.deliveryId,
    repository: run.repository,
    profile: run.profile,
    branch: runBranch(run.id),
  };
  const files: (Omit<RunFile, 'content'> & { content: string | Buffer })[] = [
    ...scripts,
    { path: 'prompt.md', content: prompt, mode: 0o644 },
    { path: 'event.json', content: body, mode: 0o644 },
    { path: 'run.json', content: `${JSON.stringify(runInfo, null, 2)}\n`, mode: 0o644 },
  ];
  await Promise.all([
    ...files.map(async ({ path, content, mode }) => {
      await writeNew(join(paths.files, path), content, { mode, owner: plan.owner });
    }),
    writeAtomic(join(paths.log, 'prompt.md'), prompt, { mode: 0o600 }),
  ]);
}

/** Not synced: no container sees the file before all are written, and none outlives a crash of the host. */
async function writeNew(
  path: string,
  content: string | Buffer,
  { mode, owner }: { mode: number; owner: Owner },
): Promise<void> {
  await writeFile(path, content, { flag: 'wx', mode });
  await chmod(path, mode);
  await lchown(path, owner.uid, owner.gid);
}
