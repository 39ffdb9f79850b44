import type { Fault } from '../../base/errors.ts';
import { jsonPointer } from '../../base/json.ts';
import { evaluatePolicy, requestedNetwork } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Runtime } from '../profile.ts';
import type { RuntimeSetting } from './fragment.ts';

/** What a profile asks for beyond the policy, told in the file and at the key that asks; a flag's place is dockerArgs. */
export function policyFaults(
  runtime: Runtime,
  from: {
    policy: Policy;
    networkDefault: Runtime['network'] & {};
    runAs?: { uid: number; gid: number } | undefined;
    setting: RuntimeSetting;
    fileOf: (key: string) => string;
  },
): Fault[] {
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
  return refusals.map(({ asks, code, message, hint }) => {
    const isDefault = asks === 'network' && runtime.network === undefined;
    const key = Object.hasOwn(from.setting, asks) || isDefault ? asks : 'dockerArgs';
    return { code, message, hint, file: from.fileOf(key), path: jsonPointer('execution', 'runtime', key) };
  });
}
