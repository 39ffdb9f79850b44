import { parseBytes } from '../../base/bytes.ts';
import type { Issue } from '../../base/errors.ts';
import { eachLimit, PROFILE_LIMITS, type ProfileLimit } from '../../base/run-limits.ts';
import { parseDockerArgs } from '../../mounts/flags/docker-args.ts';
import type { DockerArgs } from '../../mounts/mount.ts';
import type { Policy } from '../../policy/policy.ts';
import { contradiction, show } from '../errors.ts';
import type { Runtime } from '../profile.ts';
import type { RuntimeSetting } from './fragment.ts';

/** What both a flag of `docker run` and a key of the runtime can set. */
type Shared = Pick<DockerArgs, 'memoryBytes' | 'cpus' | 'pids' | 'shmSizeBytes' | 'user' | 'readOnlyRoot'> & {
  network?: Runtime['network'] & {};
};

/** The runtime keys whose values follow the rules of a flag, with that flag. */
const FLAG_OF_KEY = {
  memory: '--memory',
  cpus: '--cpus',
  pids: '--pids-limit',
  shmSize: '--shm-size',
  user: '--user',
} as const;

const KEY_OF_FIELD: Readonly<Record<keyof Shared, string>> = {
  memoryBytes: 'memory',
  cpus: 'cpus',
  pids: 'pids',
  shmSizeBytes: 'shmSize',
  user: 'user',
  network: 'network',
  readOnlyRoot: 'readOnlyRoot',
};

/** Each of the runtime keys that has a flag's form, written as this flag, so that one parser judges both. */
export function keysAsFlags(runtime: RuntimeSetting): { key: string; flag: string }[] {
  const keys = Object.keys(FLAG_OF_KEY) as (keyof typeof FLAG_OF_KEY)[];
  return keys
    .filter((key) => runtime[key] !== undefined)
    .map((key) => ({ key, flag: `${FLAG_OF_KEY[key]}=${runtime[key]}` }));
}

/** The runtime of a profile with its flags merged in; a flag with another value than its key is an error in `fileOf(key)`. */
export function toRuntime(
  setting: RuntimeSetting,
  image: string,
  fileOf: (key: string) => string,
  policy: Policy,
): { runtime: Runtime; issues: Issue[] } {
  const flags = parseDockerArgs(setting.dockerArgs ?? [], policy).parsed;
  const keys = ownValues(setting, policy);
  const { env, issues } = mergeEnv(setting.env ?? {}, flags.env, fileOf);
  for (const [field, key] of Object.entries(KEY_OF_FIELD) as [keyof Shared, string][])
    if (keys[field] !== undefined && flags[field] !== undefined && keys[field] !== flags[field])
      issues.push(contradiction(fileOf(key), [key], show(keys[field]), show(flags[field])));
  const both = { ...definedOf(flags), ...keys };
  const { mounts, ulimits, addHosts, dns, workdir, hostname, labels } = flags;
  return {
    issues,
    runtime: {
      image,
      setupScript: setting.setupScript || undefined,
      ...toLimits(setting, both),
      readOnlyRoot: both.readOnlyRoot ?? false,
      user: both.user,
      network: both.network,
      ociRuntime: setting.ociRuntime,
      env,
      dockerArgs: {
        mounts,
        ulimits,
        addHosts,
        dns,
        labels,
        ...(workdir !== undefined && { workdir }),
        ...(hostname !== undefined && { hostname }),
      },
    },
  };
}

/** The limits, of which some have a flag of docker. */
function toLimits(setting: RuntimeSetting, flagged: Partial<Shared>): Pick<Runtime, ProfileLimit['name']> {
  const judged: Partial<Record<ProfileLimit['name'], number>> = flagged;
  return eachLimit(PROFILE_LIMITS, ({ name, key, unit }) => {
    if (Object.hasOwn(FLAG_OF_KEY, key)) return judged[name];
    const value = setting[key];
    return unit === 'bytes' || value === undefined ? readSize(value) : Number(value);
  });
}

/** The sizes that no flag of docker sets. */
export const SIZE_KEYS = PROFILE_LIMITS.filter(
  ({ unit, key }) => unit === 'bytes' && !Object.hasOwn(FLAG_OF_KEY, key),
).map(({ key }) => key);

/** Nothing useful fits into less: it is a unit that was forgotten. */
const LEAST_SIZE_BYTES = 1024 ** 2;

/** The bytes of one of `SIZE_KEYS`; undefined when it is absent or no size of at least 1 MiB. */
export function readSize(value: string | number | undefined): number | undefined {
  const bytes = value === undefined ? undefined : parseBytes(String(value));
  return bytes !== undefined && bytes >= LEAST_SIZE_BYTES ? bytes : undefined;
}

function ownValues(setting: RuntimeSetting, policy: Policy): Partial<Shared> {
  const asFlags = parseDockerArgs(
    keysAsFlags(setting).map(({ flag }) => flag),
    policy,
  ).parsed;
  return {
    ...definedOf(asFlags),
    ...(setting.network !== undefined && { network: setting.network }),
    ...(setting.readOnlyRoot !== undefined && { readOnlyRoot: setting.readOnlyRoot }),
  };
}

function definedOf(flags: DockerArgs): Partial<Shared> {
  const fields = Object.keys(KEY_OF_FIELD) as (keyof Shared)[];
  return Object.fromEntries(
    fields.flatMap((field) => (flags[field] === undefined ? [] : [[field, flags[field]]])),
  );
}

function mergeEnv(
  own: Readonly<Record<string, string>>,
  flags: Readonly<Record<string, string>>,
  fileOf: (key: string) => string,
): { env: Record<string, string>; issues: Issue[] } {
  const issues = Object.entries(flags)
    .filter(([name, value]) => Object.hasOwn(own, name) && own[name] !== value)
    .map(([name]) => contradiction(fileOf('env'), ['env', name], 'one value', 'another'));
  return { env: Object.fromEntries([...Object.entries(flags), ...Object.entries(own)]), issues };
}
