import { formatBytes } from '../base/bytes.ts';
import type { Problem } from '../base/errors.ts';
import { CEILING_LIMITS, type CeilingLimit, eachLimit } from '../base/run-limits.ts';
import {
  imageRefused,
  limitRefused,
  networkRefused,
  reachRefused,
  rootRefused,
  runtimeRefused,
  userRefused,
  volumeRefused,
} from './errors.ts';
import { allowsImage, type KnownImage } from './image-rules.ts';
import type { Ceilings, NetworkReach, Policy } from './policy.ts';

/** The network a run would have: how far it reaches, or the name of one of the engine's. */
type RequestedNetwork = NetworkReach | { name: string };

/** The network of a profile or a plan as a policy query has it. */
export function requestedNetwork(
  network: 'open' | 'none' | { allow: readonly string[] } | { name: string },
): RequestedNetwork {
  return typeof network === 'object' && 'allow' in network ? 'list' : network;
}

/** What a run would have; what is undefined was not requested. Sizes in bytes. */
export type PolicyQuery = {
  image: string;
  /** The image as the engine has it; undefined while it was not looked up. */
  known?: KnownImage | undefined;
  user?: { uid: number; gid: number } | undefined;
  /** The user of runs unless another one is allowed (RUN_AS); undefined while that is unknown. */
  runAs?: { uid: number; gid: number } | undefined;
  network?: RequestedNetwork | undefined;
  ociRuntime?: string | null | undefined;
  volumes: readonly { name: string; readOnly: boolean }[];
} & { [Name in CeilingLimit['name']]?: number | undefined };

/** What the policy does not allow; `key` is the key of `execution.runtime` that requests it. */
type PolicyRefusal = Problem & { key: string };

/** How a limit is written for people. */
const WRITTEN: Readonly<Record<CeilingLimit['unit'], (value: number) => string>> = {
  bytes: formatBytes,
  seconds: (value) => `${value} s`,
  count: String,
};

const REACH: readonly NetworkReach[] = ['none', 'list', 'open'];

/** Checks what a run would have against the policy, and gives everything that is refused. */
export function evaluatePolicy(policy: Policy, request: PolicyQuery): PolicyRefusal[] {
  const { images, ceilings, volumes, runtimes } = policy;
  const refusals: PolicyRefusal[] = [];
  const refuse = (key: string, problem: Problem): void => void refusals.push({ key, ...problem });
  if (images && !allowsImage(images, request.image, request.known))
    refuse('image', imageRefused(policy, request.image));
  const user = refuseUser(policy, request);
  if (user) refuse('user', user);
  if (request.ociRuntime && !runtimes.includes(request.ociRuntime))
    refuse('ociRuntime', runtimeRefused(policy, request.ociRuntime));
  for (const { name, readOnly } of request.volumes) {
    const listed = volumes.find((volume) => volume.name === name);
    if (!listed || (!readOnly && !listed.writable))
      refuse('dockerArgs', volumeRefused(policy, name, listed !== undefined));
  }
  for (const { name, key, unit } of CEILING_LIMITS) {
    const [value, most] = [request[name], ceilings[name]];
    if (value !== undefined && most !== undefined && value > most)
      refuse(key, limitRefused(policy, key, WRITTEN[unit](value), WRITTEN[unit](most)));
  }
  const network = refuseNetwork(policy, request.network);
  if (network) refuse('network', network);
  return refusals;
}

/** Root has a rule of its own. Any other user than RUN_AS has to be listed, because the host may have a user with that id. */
function refuseUser(policy: Policy, { user, runAs }: PolicyQuery): Problem | undefined {
  if (!user) return undefined;
  if (user.uid === 0 || user.gid === 0) return policy.rootUser ? undefined : rootRefused(policy);
  if (!runAs || (user.uid === runAs.uid && user.gid === runAs.gid)) return undefined;
  const name = `${user.uid}:${user.gid}`;
  return policy.users?.includes(name) ? undefined : userRefused(policy, name, `${runAs.uid}:${runAs.gid}`);
}

/** A named network that the policy lists may be joined whatever the ceiling is: listing it is the admin's word for it. */
function refuseNetwork(policy: Policy, network: RequestedNetwork | undefined): Problem | undefined {
  if (network === undefined) return undefined;
  if (typeof network === 'object')
    return policy.networks.includes(network.name) ? undefined : networkRefused(policy, network.name);
  const most = policy.ceilings.network;
  if (most === undefined || REACH.indexOf(network) <= REACH.indexOf(most)) return undefined;
  return reachRefused(policy, network, most);
}

/** Limits that a profile leaves open, never above the ceilings. */
export function underCeilings<Limits extends Record<CeilingLimit['name'], number>>(
  limits: Limits,
  ceilings: Ceilings,
): Limits {
  const lowered = eachLimit(CEILING_LIMITS, ({ name }) =>
    Math.min(limits[name], ceilings[name] ?? Number.POSITIVE_INFINITY),
  );
  return { ...limits, ...lowered };
}
