import { posix } from 'node:path';
import { asFlowError, type FlowError, type Problem } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import type { MountArg } from '../../mounts/mount.ts';
import { checkTargetPath } from '../../mounts/paths.ts';
import { collisionsOf } from '../../mounts/rules/collisions.ts';
import { checkTarget } from '../../mounts/target.ts';
import type { Runtime } from '../profile.ts';

/** Where the share of a Codex login lies that a profile asks for by `credentials.codex`. */
const CODEX_STATE = { type: 'tmpfs', target: '/home/user/.codex', asWritten: 'credentials.codex' } as const;

/**
 * What is wrong with the places that the service itself mounts memory at for a profile, with the runtime's key that
 * says so: HOME where the root is read-only, which is held to the rules of destinations but may lie in the workspace,
 * and a granted Codex state. Codes `mount_path_invalid`, `mount_target_denied`, `mount_target_taken`.
 */
export function ownPlaceProblems(runtime: Runtime, codex: boolean): (Problem & { key: string })[] {
  const home = homeFault(runtime);
  const state = codex ? stateFault(runtime.dockerArgs.mounts) : undefined;
  return [
    ...(home ? [{ ...home.toProblem(), key: 'env' }] : []),
    ...(state ? [{ ...state.toProblem(), key: 'dockerArgs' }] : []),
  ];
}

function homeFault({ env: { HOME: home }, readOnlyRoot }: Runtime): FlowError | undefined {
  if (!readOnlyRoot || home === undefined) return undefined;
  try {
    checkTargetPath(home);
    if (!isInside('/workspace', home)) checkTarget(home);
    return undefined;
  } catch (error) {
    return asFlowError(error);
  }
}

/** A profile that mounts a Codex state itself is granted none beside it. */
function stateFault(mounts: readonly MountArg[]): FlowError | undefined {
  const own = mounts.some(({ type, target }) => type === 'bind' && posix.basename(target) === '.codex');
  if (own) return undefined;
  return [...collisionsOf([...mounts, CODEX_STATE].map((mount) => ({ mount }))).values()][0];
}
