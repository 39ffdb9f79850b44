import { formatBytes } from '../../../base/bytes.ts';
import { asFlowError, type Problem } from '../../../base/errors.ts';
import { counted as number } from '../../../base/words.ts';
import { policySource } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { refuseMissingRuntime } from '../../../flow/prepare/enforce-policy.ts';
import { loadPolicy } from '../../../policy/load.ts';
import type { Ceilings, Policy } from '../../../policy/policy.ts';
import type { Finding } from './check.ts';

/** The admin's policy in one line, and what the engine lacks of it. */
export async function reportPolicy(config: Config, engine: Engine | undefined): Promise<Finding> {
  const policy = loadPolicy(policySource(config));
  if (policy.file === undefined)
    return 'none: nothing extra is allowed, and only the configuration sets limits';
  return { detail: describePolicy(policy), problems: engine ? await missing(policy, engine) : [] };
}

function describePolicy(policy: Policy): string {
  const { file, images, mounts, volumes, networks, privateHosts, runtimes, rootUser, ceilings } = policy;
  const parts = [
    images ? counted(images.length, 'rule', 'for images') : 'any image',
    ...lists({ mount: mounts, volume: volumes, network: networks, 'private host': privateHosts }),
    ...(runtimes.length > 0 ? [`runtimes ${runtimes.join(', ')}`] : []),
    ...(rootUser ? ['root allowed'] : []),
    ceilingText(ceilings),
  ];
  return `${file}: ${parts.join('; ')}`;
}

function lists(all: Record<string, readonly unknown[]>): string[] {
  return Object.entries(all).flatMap(([word, list]) => (list.length > 0 ? [counted(list.length, word)] : []));
}

function counted(count: number, word: string, rest = ''): string {
  return `${number(count, word)}${rest && ` ${rest}`}`;
}

function ceilingText(ceilings: Ceilings): string {
  const words = Object.entries(ceilings).map(([key, value]) => {
    const name = key.replace(/Bytes$|Sec$/, '');
    if (key.endsWith('Bytes')) return `${name} ${formatBytes(Number(value))}`;
    return `${name} ${value}${key.endsWith('Sec') ? ' s' : ''}`;
  });
  return words.length === 0 ? 'no ceilings' : `at most ${words.join(', ')}`;
}

/** What the policy allows but the engine does not have. */
async function missing(policy: Policy, engine: Engine): Promise<Problem[]> {
  const looks = [
    ...policy.volumes.map(({ name }) => engine.checkVolume(name)),
    ...policy.networks.map((name) => engine.checkNetwork(name)),
    ...policy.runtimes.map((name) => refuseMissingRuntime(name, engine)),
  ];
  const settled = await Promise.allSettled(looks);
  return settled.flatMap((result) =>
    result.status === 'rejected' ? [asFlowError(result.reason).toProblem()] : [],
  );
}
