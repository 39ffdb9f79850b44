import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { makeDirectory, type Owner, removeTree, writeAtomic } from '../base/files.ts';
import type { Engine } from '../containers/docker.ts';
import type { Plan } from '../containers/plan.ts';
import { runFiles } from '../containers/start-script.ts';
import { deliverCredentials } from '../credentials/deliver.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { FlowEvent } from '../events/event.ts';
import { readEvent } from '../events/from-delivery.ts';
import type { Redactor } from '../log/redact.ts';
import { resolveMounts } from '../mounts/check.ts';
import type { MountHost } from '../mounts/mount.ts';
import { NO_POLICY } from '../policy/policy.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Run } from '../runs/run.ts';
import type { RunStore } from '../runs/run-store.ts';
import type { HeldSecrets } from './held-secrets.ts';
import { type Directories, type RunPlaces, runPlaces } from './places.ts';
import { makePlan, type PlanDefaults } from './plan.ts';
import { holdToPolicy } from './policy.ts';
import { promptFor, runBranch } from './prompt.ts';

/** A run whose files, plan and credentials are ready; what is missing is the clone and the container. */
export type Prepared = {
  run: Run;
  event: FlowEvent;
  profile: Profile;
  plan: Plan;
  places: RunPlaces;
};

/** What preparing takes from the rest of the service. */
export type PrepareParts = {
  deliveries: DeliveryStore;
  runs: RunStore;
  engine: Engine;
  directories: Directories;
  mountHost: MountHost;
  defaults: PlanDefaults;
  serverUrl: string;
  redactor: Redactor;
  held: HeldSecrets;
  clock: Clock;
};

/** Decides the plan, renders the prompt, copies the credentials and writes the run's files. Throws whatever refuses the run; the caller cleans up. */
export async function prepare(parts: PrepareParts, run: Run): Promise<Prepared> {
  const { event, body, profile } = await readRun(parts, run);
  const places = runPlaces(parts.directories, run);
  const plan = await decidePlan(parts, { run, profile, places });
  const prompt = promptFor(profile, event, run.id);
  await makePlaces(places, plan.user);
  const nowMs = parts.clock.now();
  const delivered = await deliverCredentials({
    secretsDir: places.secrets,
    owner: plan.user,
    mounts: plan.mounts.flatMap(deliverable),
    deadlineMs: nowMs + plan.limits.timeoutSec * 1000,
    nowMs,
    redactor: parts.redactor,
  });
  parts.held.hold(run.id, delivered);
  await writeFiles(parts.serverUrl, { run, body, plan, places, prompt });
  return { run, event, profile, plan, places };
}

async function readRun(
  parts: PrepareParts,
  run: Run,
): Promise<{ event: FlowEvent; body: Buffer; profile: Profile }> {
  const delivery = await parts.deliveries.find(run.deliveryId);
  const body = (await parts.deliveries.body(run.deliveryId)) ?? Buffer.alloc(0);
  const event = readEvent({ deliveryId: run.deliveryId, event: delivery?.event ?? '', body });
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  return { event, body, profile };
}

async function decidePlan(
  parts: PrepareParts,
  { run, profile, places }: { run: Run; profile: Profile; places: RunPlaces },
): Promise<Plan> {
  const policy = parts.mountHost.policy?.() ?? NO_POLICY;
  const plan = makePlan({
    profile,
    repository: run.repository,
    runId: run.id,
    mounted: resolveMounts(profile.execution.runtime.dockerArgs.mounts, parts.mountHost),
    places,
    defaults: parts.defaults,
    secretsDir: parts.mountHost.secretsDir,
    policy,
  });
  return await holdToPolicy(plan, policy, parts.engine);
}

/** Fresh and empty: what an attempt before this one left is gone. */
async function makePlaces(places: RunPlaces, owner: Owner): Promise<void> {
  await removeTree(places.home);
  await makeDirectory(places.home, { mode: 0o711 });
  await makeDirectory(places.files, { mode: 0o700, owner });
  await makeDirectory(join(places.files, 'bin'), { mode: 0o700, owner });
  await makeDirectory(places.workspace, { mode: 0o700, owner });
  await makeDirectory(places.log, { mode: 0o700 });
}

function deliverable(
  mount: Plan['mounts'][number],
): { kind: 'credential' | 'agent-state'; name: string; source: string }[] {
  if ((mount.kind !== 'credential' && mount.kind !== 'agent-state') || mount.source === null || !mount.name)
    return [];
  return [{ kind: mount.kind, name: mount.name, source: mount.source }];
}

async function writeFiles(
  serverUrl: string,
  {
    run,
    body,
    plan,
    places,
    prompt,
  }: Pick<Prepared, 'run' | 'plan' | 'places'> & { body: Buffer; prompt: string },
): Promise<void> {
  const told = {
    id: run.id,
    attempt: run.attempt,
    deliveryId: run.deliveryId,
    repository: run.repository,
    profile: run.profile,
    branch: runBranch(run.id),
  };
  const files = [
    ...runFiles(plan, serverUrl),
    { path: 'prompt.md', content: prompt, mode: 0o644 },
    { path: 'event.json', content: body, mode: 0o644 },
    { path: 'run.json', content: `${JSON.stringify(told, null, 2)}\n`, mode: 0o644 },
  ];
  for (const file of files)
    await writeAtomic(join(places.files, file.path), file.content, { mode: file.mode, owner: plan.user });
  await writeAtomic(join(places.log, 'prompt.md'), prompt, { mode: 0o600 });
}
