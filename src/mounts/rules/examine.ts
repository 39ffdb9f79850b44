import { posix } from 'node:path';
import { asFlowError, FlowError } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import { mountWritable } from '../errors.ts';
import type { BindArg, CheckedMount, MountArg, MountHost } from '../mount.ts';
import { checkMountTarget, checkSourcePath, SECRETS_TARGET } from '../paths.ts';
import { searchBelow } from './below.ts';
import { collisionsOf } from './collisions.ts';
import { type DeliveryMode, deliveryOf } from './credential-mount.ts';
import { type DenyList, loadDenyList } from './deny-list.ts';
import { insideSecrets, refuseDenied } from './deny-match.ts';
import { isWritableByPolicy, refuseInsideWritable } from './policy-mounts.ts';
import { followLinks, type ResolvedPath } from './resolve.ts';
import { refuseSpecialFile, refuseUnseen } from './source-state.ts';

/** One mount looked at: what it becomes if it has no error, where its source led, and every error found. */
export type Examined = {
  mount: MountArg;
  checked?: CheckedMount;
  resolved?: ResolvedPath;
  issues: readonly FlowError[];
};

/** Looks at every mount for itself and at all of them together; throws nothing. */
export function examine(mounts: readonly MountArg[], host: MountHost, denyList?: DenyList): Examined[] {
  const list = denyList ?? (mounts.some(({ type }) => type === 'bind') ? loadDenyList(host) : undefined);
  const alone = mounts.map((mount) =>
    mount.type !== 'bind' ? examineOther(mount) : examineBind(mount, host, list ?? loadDenyList(host)),
  );
  const collisions = collisionsOf(alone);
  return alone.map((found, index) => {
    const issue = collisions.get(index);
    return issue ? { mount: found.mount, issues: [...found.issues, issue] } : found;
  });
}

/** A tmpfs or a volume, which have no path of the host. Reading the flag has already checked a volume against the policy. */
function examineOther(mount: Exclude<MountArg, BindArg>): Examined {
  const { issues, attempt } = collector();
  attempt(() => checkMountTarget(mount.target));
  if (issues.length > 0) return { mount, issues };
  const checked = mount.type === 'tmpfs' ? { ...mount, kind: mount.type } : { ...mount, kind: mount.type };
  return { mount, checked, issues };
}

function examineBind(mount: BindArg, host: MountHost, list: DenyList): Examined {
  const { issues, attempt } = collector();
  const resolved = attempt(() => {
    checkSourcePath(mount.source);
    return followLinks(mount.source);
  });
  if (!resolved) return { mount, issues };
  attempt(() => refuseDenied(mount.source, resolved, list, 'copy'));
  if (issues.length === 0) attempt(() => refuseSpecialFile(mount.source, resolved));
  if (issues.length === 0) attempt(() => refuseInsideWritable(mount.source, resolved, list.policy));
  const checkTarget = (): unknown => attempt(() => checkMountTarget(mount.target));
  if (issues.length > 0) {
    if (!isInside(SECRETS_TARGET, mount.target)) checkTarget();
    return { mount, issues };
  }
  const delivery = attempt(() =>
    deliveryOf(mount, resolved, { inSecrets: insideSecrets(resolved, list), agents: host.agents }),
  );
  if (!delivery) return { mount, issues };
  if (delivery.kind !== 'credential') checkTarget();
  if (delivery.kind !== 'bind' && issues.length === 0)
    attempt(() => refuseOutside(mount.source, resolved, list));
  if (delivery.kind === 'bind') {
    if (!mount.readOnly && !isWritableByPolicy(list.policy, resolved.real))
      issues.push(mountWritable(mount.source, list.policy));
    attempt(() => refuseUnseen(mount.source, resolved, host));
    if (issues.length === 0) attempt(() => searchBelow(mount.source, resolved, list));
  }
  if (issues.length > 0) return { mount, issues };
  return { mount, checked: checkedBind(mount, resolved.real, delivery), resolved, issues };
}

function checkedBind(mount: BindArg, real: string, delivery: DeliveryMode): CheckedMount {
  if (delivery.kind === 'bind') return { ...mount, kind: 'bind', realSource: real };
  const source = delivery.kind === 'credential' ? unfollowed(mount.source) : real;
  return { ...mount, source, kind: delivery.kind, name: delivery.name };
}

/** The real directory of a credential file and its own name: a link there is left for who reads the file to refuse. */
function unfollowed(source: string): string {
  return posix.join(followLinks(posix.dirname(source)).real, posix.basename(source));
}

/** Keeps what is thrown, so that several errors of one mount are reported at once. */
function collector(): { issues: FlowError[]; attempt: <T>(look: () => T) => T | undefined } {
  const issues: FlowError[] = [];
  const attempt = <T>(look: () => T): T | undefined => {
    try {
      return look();
    } catch (error) {
      issues.push(asFlowError(error));
      return undefined;
    }
  };
  return { issues, attempt };
}

/**
 * Refuses a credential that lies outside of SECRETS_DIR and of the `.secrets` of each home, unless the policy lists it or what holds it: whatever the
 * service can read would otherwise be copied for whoever writes a profile. Throws `mount_credential_outside`.
 */
function refuseOutside(source: string, resolved: ResolvedPath, list: DenyList): void {
  if (insideSecrets(resolved, list) !== undefined) return;
  if (list.policy.mounts.some((mount) => isInside(mount.source, resolved.real))) return;
  throw new FlowError({
    code: 'mount_credential_outside',
    blame: 'profile',
    message: `${quoted(source)} is a credential and lies outside of SECRETS_DIR, and ${list.policy.file ? `the policy in ${list.policy.file} does not list it` : 'that needs a policy of the admin, and none is set'}.`,
    hint: `Keep it as a named secret (\`github-flows secret set NAME\`, then credentials.secrets), move it into the secrets directory if it is gh-token or an agent's state, or ask the admin to list ${quoted(resolved.real)} under \`mounts\` in ${list.policy.file ?? 'a policy (POLICY_FILE)'}.`,
  });
}
