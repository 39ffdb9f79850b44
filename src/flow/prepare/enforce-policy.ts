import { FlowError } from '../../base/errors.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import type { Plan } from '../../containers/plan.ts';
import { evaluatePolicy, requestedNetwork } from '../../policy/evaluate.ts';
import type { KnownImage } from '../../policy/image-rules.ts';
import type { Policy } from '../../policy/policy.ts';
import { fitImage } from '../engine/fit-image.ts';
import { runOwner } from '../engine/run-owner.ts';

/**
 * Checks a plan against the current policy and the engine: the image with its digests and its description, the users, the
 * volumes, the network, the runtime. Gives the plan to launch, with the owner that its files must have on the host. Where
 * the policy has rules for images, the plan names the inspected image by its id, because its name may change its meaning.
 * Throws the first refusal of the policy, `image_missing`, the codes of `runOwner` and `fitImage`, and those of the engine.
 */
export async function enforcePolicy(
  plan: Plan,
  { policy, runAs }: { policy: Policy; runAs: Plan['user'] },
  engine: Pick<Engine, 'inspectImage' | 'checkVolume' | 'checkNetwork' | 'info'>,
): Promise<Plan> {
  refuseBeyondPolicy(plan, policy, { runAs });
  const [image, info] = await Promise.all([engine.inspectImage(plan.image), engine.info()]);
  refuseBeyondPolicy(plan, policy, { runAs, known: image });
  const owner = runOwner(info.users, plan.user, process.getuid?.() ?? 0);
  fitImage(plan, image, info);
  for (const { name } of volumesOf(plan)) await engine.checkVolume(name);
  if (typeof plan.network === 'object' && 'name' in plan.network)
    await engine.checkNetwork(plan.network.name);
  if (plan.ociRuntime !== null) await refuseMissingRuntime(plan.ociRuntime, { info: async () => info });
  return { ...plan, owner, ...(policy.images ? { image: image.id } : {}) };
}

/** Evaluates the policy alone, with the image as far as it is known and the default user of runs. Throws the first refusal. */
export function refuseBeyondPolicy(
  plan: Plan,
  policy: Policy,
  { known, runAs }: { known?: KnownImage; runAs?: Plan['user'] } = {},
): void {
  const [refusal] = evaluatePolicy(policy, {
    ...plan.limits,
    ...{ image: plan.image, known, user: plan.user, runAs, ociRuntime: plan.ociRuntime },
    network: requestedNetwork(plan.network),
    volumes: volumesOf(plan),
  });
  if (refusal) throw new FlowError({ ...refusal, blame: 'profile' });
}

function volumesOf(plan: Plan): { name: string; readOnly: boolean }[] {
  return plan.mounts.flatMap(({ kind, source, readOnly }) =>
    kind === 'volume' && source !== null ? [{ name: source, readOnly }] : [],
  );
}

/** Throws `runtime_missing` when the engine does not know the OCI runtime. */
export async function refuseMissingRuntime(name: string, engine: Pick<Engine, 'info'>): Promise<void> {
  const { runtimes } = await engine.info();
  if (runtimes.includes(name)) return;
  throw new FlowError({
    code: 'runtime_missing',
    blame: 'operator',
    message: `The OCI runtime ${name} is not on this Docker Engine, which has ${runtimes.join(', ')}.`,
    hint: 'Install it and name it in /etc/docker/daemon.json, or choose another one in the profile and the policy.',
  });
}
