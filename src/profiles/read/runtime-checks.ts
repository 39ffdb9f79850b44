import { posix } from 'node:path';
import type { Agent } from '../../agents/agent.ts';
import { asFlowError, type FlowError, type Issue, type Problem } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { jsonPointer } from '../../base/json.ts';
import type { MountArg } from '../../mounts/mount.ts';
import { checkTarget, checkTargetPath } from '../../mounts/paths.ts';
import { collisionsOf } from '../../mounts/rules/collisions.ts';
import { evaluatePolicy, requestedNetwork } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Runtime } from '../profile.ts';
import type { RuntimeSetting } from './fragment.ts';

/**
 * What is wrong with the places that the service itself mounts memory at for a profile, with the runtime's key that
 * says so: HOME where the root is read-only, which is held to the rules of destinations but may lie in the workspace,
 * and the state of each agent whose login is `granted`. Codes `mount_path_invalid`, `mount_target_denied`, `mount_target_taken`.
 */
export function ownPlaceProblems(runtime: Runtime, granted: readonly Agent[]): (Problem & { key: string })[] {
  const home = homeError(runtime);
  const states = granted.flatMap((agent) => stateIssue(runtime.dockerArgs.mounts, agent) ?? []);
  return [
    ...(home ? [{ ...home.toProblem(), key: 'env' }] : []),
    ...states.map((state) => ({ ...state.toProblem(), key: 'dockerArgs' })),
  ];
}

function homeError({ env: { HOME: home }, readOnlyRoot }: Runtime): FlowError | undefined {
  if (!readOnlyRoot || home === undefined) return undefined;
  try {
    checkTargetPath(home);
    if (!isInside('/workspace', home)) checkTarget(home);
    return undefined;
  } catch (error) {
    return asFlowError(error);
  }
}

/** A profile that mounts the state itself gets no second one. */
function stateIssue(
  mounts: readonly MountArg[],
  { name, state: { directory } }: Agent,
): FlowError | undefined {
  const own = mounts.some(({ type, target }) => type === 'bind' && posix.basename(target) === directory);
  if (own) return undefined;
  const state = {
    type: 'tmpfs',
    target: `/home/user/${directory}`,
    asWritten: `credentials.${name}`,
  } as const;
  return [...collisionsOf([...mounts, state].map((mount) => ({ mount }))).values()][0];
}

/** What a profile requests beyond the policy, at the file and the key that request it; for a flag the key is dockerArgs. */
export function policyIssues(
  runtime: Runtime,
  from: {
    policy: Policy;
    networkDefault: Runtime['network'] & {};
    runAs?: { uid: number; gid: number } | undefined;
    setting: RuntimeSetting;
    fileOf: (key: string) => string;
  },
): Issue[] {
  const [uid, gid] = runtime.user?.split(':').map(Number) ?? [];
  const refusals = evaluatePolicy(from.policy, {
    ...runtime,
    user: uid === undefined || gid === undefined ? undefined : { uid, gid },
    runAs: from.runAs,
    network: requestedNetwork(runtime.network ?? from.networkDefault),
    volumes: runtime.dockerArgs.mounts.flatMap((mount) =>
      mount.type === 'volume' ? [{ name: mount.volume, readOnly: mount.readOnly }] : [],
    ),
  });
  return refusals.map(({ key: requesting, code, message, hint }) => {
    const isDefault = requesting === 'network' && runtime.network === undefined;
    const key = Object.hasOwn(from.setting, requesting) || isDefault ? requesting : 'dockerArgs';
    return { code, message, hint, file: from.fileOf(key), path: jsonPointer('execution', 'runtime', key) };
  });
}
