import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import { isInside } from '../../base/files.ts';
import { engineLog, HARDENED_CONTAINER, HARDENED_HOST, NETWORK_NAME } from '../hardening.ts';
import { containerLabels, containerName } from '../labels.ts';
import type { ContainerIdentity, Plan, PlanMount } from '../plan.ts';

/** The process of every container, in place of the image's own; by way of sh, because the run's directory may lie on a file system that executes nothing (`/run` on Debian). */
const START_COMMAND = ['/bin/sh', '/run/github-flows/bin/start'];

/** How much of memory an agent's own state may take, and HOME and `/tmp` when the root is read-only; bytes. */
const TMPFS_BYTES = { state: 256 * 1024 ** 2, home: 1024 ** 3, tmp: 1024 ** 3 };

/**
 * A plan as the engine's create options. Pure; holds no secret's value.
 *
 * The caller sees to it that every bind's source is there before the container is created, and checked again before
 * it is started. `engineCpus` is how many processors the engine has: it refuses a container that asks for more.
 */
export function containerSpec(
  plan: Plan,
  identity: ContainerIdentity,
  engineCpus?: number,
): ContainerCreateOptions {
  const { uid, gid } = plan.user;
  return {
    ...HARDENED_CONTAINER,
    name: containerName(identity),
    Image: plan.image,
    Entrypoint: START_COMMAND,
    Cmd: [...plan.command],
    User: `${uid}:${gid}`,
    WorkingDir: '/workspace',
    Env: environment(plan, identity),
    Labels: { ...plan.labels, ...containerLabels(identity) },
    StopTimeout: plan.limits.graceSec,
    ...(plan.hostname === null ? {} : { Hostname: plan.hostname }),
    HostConfig: {
      ...HARDENED_HOST,
      ...limits(plan, engineCpus),
      NetworkMode: networkMode(plan),
      ...(plan.ociRuntime === null ? {} : { Runtime: plan.ociRuntime }),
      ReadonlyRootfs: plan.readOnlyRoot,
      Mounts: [...plan.mounts.filter(isSentBind).map(bindMount), ...plan.mounts.flatMap(volumeMount)],
      Tmpfs: tmpfsMounts(plan),
      ExtraHosts: [...plan.addHosts],
      Dns: [...plan.dns],
      LogConfig: engineLog(plan.limits.logBytes),
    },
  };
}

function networkMode({ network }: Plan): string {
  if (typeof network === 'object') return 'name' in network ? network.name : 'none';
  return network === 'none' ? 'none' : NETWORK_NAME;
}

function environment(plan: Plan, identity: ContainerIdentity): string[] {
  const own = {
    GITHUB_FLOWS_RUN_ID: identity.runId,
    GIT_CONFIG_SYSTEM: '/run/github-flows/gitconfig',
  };
  return Object.entries({ ...plan.env, ...own }).map(([name, value]) => `${name}=${value}`);
}

function limits({ limits }: Plan, engineCpus = Number.POSITIVE_INFINITY): HostConfig {
  return {
    Memory: limits.memoryBytes,
    MemorySwap: limits.memoryBytes,
    NanoCpus: Math.round(Math.min(limits.cpus, engineCpus) * 1e9),
    PidsLimit: limits.pids,
    ShmSize: limits.shmSizeBytes,
    Ulimits: [
      ...HARDENED_HOST.Ulimits,
      ...limits.ulimits
        .filter(({ name }) => name !== 'core')
        .map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ],
  };
}

/** Credentials lie in the one secrets directory, so they are no mounts of their own. */
function isSentBind(mount: PlanMount): mount is PlanMount & { source: string } {
  return mount.type === 'bind' && mount.kind !== 'credential' && mount.kind !== 'agent-state';
}

/** Non-recursive: what is mounted below a read-only source would stay writable otherwise. */
const BIND_OPTIONS = { Propagation: 'rprivate', NonRecursive: true } as const;

/** A bind as the engine's API takes it, non-recursive. */
export function bindMount(mount: Pick<PlanMount, 'target' | 'readOnly'> & { source: string }): MountSettings {
  return {
    Type: 'bind',
    Source: mount.source,
    Target: mount.target,
    ReadOnly: mount.readOnly,
    BindOptions: BIND_OPTIONS,
  };
}

/** Nothing of the image is copied into it: what a volume holds is what was put there. */
function volumeMount({ type, source, target, readOnly }: PlanMount): MountSettings[] {
  if (type !== 'volume' || source === null) return [];
  const VolumeOptions = { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } };
  return [{ Type: 'volume', Source: source, Target: target, ReadOnly: readOnly, VolumeOptions }];
}

/** Target to options; what a mount already holds gets none of ours. Mounts of type tmpfs know no owner, so the engine's older form is used. */
function tmpfsMounts(plan: Plan): Record<string, string> {
  const owned = { uid: plan.user.uid, gid: plan.user.gid, exec: true };
  const found: [string, string][] = [];
  const isMounted = (target: string): boolean => plan.mounts.some((mount) => isInside(mount.target, target));
  if (plan.readOnlyRoot) {
    const home = plan.env.HOME ?? '/home/user';
    if (!isMounted(home))
      found.push([home, tmpfsOptions({ ...owned, sizeBytes: TMPFS_BYTES.home, mode: 0o755 })]);
    if (!isMounted('/tmp') && home !== '/tmp')
      found.push(['/tmp', tmpfsOptions({ sizeBytes: TMPFS_BYTES.tmp, mode: 0o1777, exec: true })]);
  }
  for (const mount of plan.mounts) {
    if (mount.kind === 'agent-state')
      found.push([mount.target, tmpfsOptions({ ...owned, sizeBytes: TMPFS_BYTES.state, mode: 0o700 })]);
    if (mount.kind === 'tmpfs')
      found.push([mount.target, tmpfsOptions({ sizeBytes: plan.limits.memoryBytes, ...mount })]);
  }
  return Object.fromEntries(found);
}

/** Writable for everybody unless it says otherwise, as `docker run --tmpfs` makes it. */
function tmpfsOptions(options: {
  sizeBytes: number;
  mode?: number;
  uid?: number;
  gid?: number;
  exec?: boolean;
}): string {
  return [
    'rw',
    'nosuid',
    'nodev',
    options.exec ? 'exec' : 'noexec',
    `size=${options.sizeBytes}`,
    `mode=${(options.mode ?? 0o1777).toString(8).padStart(4, '0')}`,
    ...(options.uid === undefined ? [] : [`uid=${options.uid}`]),
    ...(options.gid === undefined ? [] : [`gid=${options.gid}`]),
  ].join(',');
}
