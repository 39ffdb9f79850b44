import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import type { MountHost } from '../../../src/mounts/mount.ts';
import type { Policy } from '../../../src/policy/policy.ts';

/** What a container is judged by besides its create options. */
export type Ground = {
  policy: Policy;
  host: MountHost;
  /** The run's own directories on the host. */
  own: { workspace: string; files: string; secrets: string };
  /** Values that may stand nowhere in the options. */
  secrets: readonly string[];
};

type Options = ContainerCreateOptions & { HostConfig: NonNullable<ContainerCreateOptions['HostConfig']> };
type Holds = (options: Options, ground: Ground) => boolean;

const MIB = 1024 ** 2;

/** Every key that our create options have. Ports, devices, namespaces of the host and added groups have none. */
const KEYS =
  'AttachStderr AttachStdin AttachStdout Cmd Entrypoint Env Healthcheck HostConfig Hostname Image Labels OpenStdin StopSignal StopTimeout Tty User WorkingDir name';
const HOST_KEYS =
  'AutoRemove CapDrop CgroupnsMode Dns ExtraHosts Init IpcMode LogConfig Memory MemorySwap Mounts NanoCpus NetworkMode OomKillDisable PidsLimit Privileged PublishAllPorts ReadonlyRootfs RestartPolicy Runtime SecurityOpt ShmSize Tmpfs Ulimits';

/** Names that change how programs load, what they run, or what the service tells a run. */
const LOADING =
  /^(LD_|DYLD_|BASH_|PYTHON(PATH|HOME|STARTUP)|DOCKER_|(PATH|ENV|IFS|PS4|CDPATH|NODE_OPTIONS|NODE_PATH|PERL5OPT|PERL5LIB|RUBYOPT|JAVA_TOOL_OPTIONS|CLASSPATH|OPENSSL_CONF|HOSTALIASES|SSH_ASKPASS)$|npm_config_(node_options|prefix|userconfig)$)/i;
const OUR_GIT = /^GIT_(CONFIG_SYSTEM$|(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)$)/;

/** Names that no mounted path has a part of, whoever allows it. */
const SECRET_NAME =
  /\/(\.ssh|\.gnupg|\.aws|\.kube|\.docker|\.env|\.env\.[^/]*|[^/]*\.enc|\.netrc|\.npmrc|\.pypirc|\.git-credentials|docker\.sock|auth\.json|\.codex|\.claude|\.gemini)(\/|$)/i;
const SYSTEM = ['/etc', '/proc', '/sys', '/dev', '/boot', '/run', '/var/run'];
const ENGINE = ['/var/lib/docker', '/var/lib/containerd'];
const WHOLE = ['/usr', '/bin', '/sbin', '/var', '/home', '/root'];
const TARGET_TAKEN =
  /^\/(bin|boot|dev|etc|lib[^/]*|proc|run|sbin|sys|usr|var|workspace\/repo)(\/|$)|^\/(root|workspace)$/;

/** THE list: what holds of every container that a run gets, whatever its profile says. Written with other means than the code uses. */
export const PLAN_INVARIANTS: Readonly<Record<string, Holds>> = {
  'nothing is asked of the engine but what is known here': (options) =>
    isWithin(Object.keys(options), KEYS) && isWithin(Object.keys(options.HostConfig), HOST_KEYS),
  'every capability is dropped and none is added': ({ HostConfig }) =>
    HostConfig.CapDrop?.join() === 'ALL' && HostConfig.CapAdd === undefined,
  'no new privileges': ({ HostConfig }) => HostConfig.SecurityOpt?.join() === 'no-new-privileges:true',
  'not privileged': ({ HostConfig }) => HostConfig.Privileged === false,
  'an init, no restart, no health check': ({ HostConfig, Healthcheck }) =>
    HostConfig.Init === true && HostConfig.RestartPolicy?.Name === 'no' && Healthcheck?.Test?.[0] === 'NONE',
  'no namespace is the host’s or another container’s': ({ HostConfig }) =>
    HostConfig.IpcMode === 'private' && Reflect.get(HostConfig, 'CgroupnsMode') === 'private',
  'no port is published': ({ HostConfig }) => HostConfig.PublishAllPorts === false,
  'no standard stream leads in, and no terminal is there': (options) =>
    options.OpenStdin === false && options.AttachStdin === false && options.Tty === false,
  'neither user nor group is root, unless the policy says so': ({ User }, { policy }) =>
    (policy.rootUser ? /^\d+:\d+$/ : /^[1-9]\d*:[1-9]\d*$/).test(User ?? ''),
  'memory, processes and processors are limited, and by the ceilings': (
    { HostConfig },
    { policy: { ceilings } },
  ) =>
    isLimit(HostConfig.Memory, 6 * MIB, ceilings.memoryBytes) &&
    isLimit(HostConfig.PidsLimit, 1, ceilings.pids) &&
    isLimit(HostConfig.NanoCpus, 1e7, ceilings.cpus && ceilings.cpus * 1e9),
  'there is no swap beyond memory, and the killer is on': ({ HostConfig }) =>
    HostConfig.MemorySwap === HostConfig.Memory && HostConfig.OomKillDisable === false,
  'shared memory is limited': ({ HostConfig }) => isLimit(HostConfig.ShmSize, 4096, undefined),
  'no ulimit is without end': ({ HostConfig }) =>
    (HostConfig.Ulimits ?? []).every(({ Soft = -1, Hard = -1 }) => Soft >= 0 && Soft <= Hard),
  'no core is dumped': ({ HostConfig }) =>
    (HostConfig.Ulimits ?? []).filter(({ Name }) => Name === 'core').every(({ Hard }) => Hard === 0) &&
    (HostConfig.Ulimits ?? []).filter(({ Name }) => Name === 'core').length === 1,
  'the network is none, ours, or the policy’s': ({ HostConfig }, { policy }) =>
    ['none', 'github-flows', ...policy.networks].includes(HostConfig.NetworkMode ?? ''),
  'the network does not pass its ceiling': ({ HostConfig }, { policy }) =>
    HostConfig.NetworkMode !== 'github-flows' || (policy.ceilings.network ?? 'open') === 'open',
  'the runtime is the engine’s own or the policy’s': ({ HostConfig }, { policy }) =>
    HostConfig.Runtime === undefined || policy.runtimes.includes(HostConfig.Runtime),
  'the image is one that the policy lets run': ({ Image = '' }, { policy }) =>
    policy.images?.some(({ name }) =>
      (Image.includes(':') ? Image : `${Image}:latest`).startsWith(name.replace(/\*+$/, '')),
    ) ?? Image !== '',
  'no name leads to the machine itself': ({ HostConfig }) =>
    ![
      ...(HostConfig.ExtraHosts ?? []).map((text: string) => text.replace(/^[^:]*:/, '')),
      ...(HostConfig.Dns ?? []),
    ].some(isHere),
  'the engine’s log is bounded': ({ HostConfig: { LogConfig } }) =>
    LogConfig?.Type === 'json-file' &&
    LogConfig.Config['max-file'] === '2' &&
    isLimit(Number(LogConfig.Config['max-size']), MIB, 1024 ** 3),
  'the first process is ours': ({ Entrypoint }) =>
    JSON.stringify(Entrypoint) === '["/bin/sh","/run/github-flows/bin/start"]',
  'every bind is private and non-recursive': (options) =>
    binds(options).every(
      ({ BindOptions }) =>
        BindOptions?.Propagation === 'rprivate' && Reflect.get(BindOptions, 'NonRecursive') === true,
    ),
  'the workspace is writable; beyond it only what the policy lists so': (options, { policy, own }) =>
    binds(options).every(
      ({ ReadOnly, Source, Target }) =>
        ReadOnly === true ||
        (Source === own.workspace && Target === '/workspace') ||
        policy.mounts.some(({ source, writable }) => writable && source === Source),
    ),
  'every volume is the policy’s, and as writable as it says': ({ HostConfig }, { policy }) =>
    (HostConfig.Mounts ?? [])
      .filter(({ Type }) => Type !== 'bind')
      .every(
        ({ Type, Source, ReadOnly }) =>
          Type === 'volume' &&
          policy.volumes.some(({ name, writable }) => name === Source && (writable || ReadOnly === true)),
      ),
  'no bind is a denied place, as written or really': (options, ground) =>
    foreignBinds(options, ground).every(
      ({ Source }) => !isForbidden(Source, ground) && !isForbidden(realOf(Source), ground),
    ),
  'no bind goes through a symbolic link': (options, ground) =>
    foreignBinds(options, ground).every(({ Source }) => realOf(Source) === Source),
  'no credential is bound': (options, { host, own }) =>
    binds(options).every(
      ({ Source, Target }) =>
        !isIn(host.secretsDir, Source) && (!isIn('/run/secrets', Target) || Source === own.secrets),
    ),
  'every destination of a profile is normal and free': (options, ground) =>
    [...foreignBinds(options, ground).map(({ Target }) => Target), ...Object.keys(tmpfs(options))].every(
      (target) => /^(\/(?!\.\.?(\/|$))[^/]+)+$/.test(target) && !TARGET_TAKEN.test(target),
    ),
  'no destination is given twice': (options) => {
    const targets = [
      ...(options.HostConfig.Mounts ?? []).map(({ Target }) => Target),
      ...Object.keys(tmpfs(options)),
    ];
    return new Set(targets).size === targets.length;
  },
  'what is in memory has a size, no devices and no setuid': (options) =>
    Object.values(tmpfs(options)).every((words) =>
      /^rw,nosuid,nodev,(no)?exec,size=[1-9]\d*,mode=[01]\d{3}(,|$)/.test(words),
    ),
  'no variable changes how programs load': ({ Env = [] }) =>
    Env.every((text) => {
      const name = text.replace(/=.*$/s, '');
      return (
        /^[A-Za-z_]\w*$/.test(name) && !LOADING.test(name) && (!/^GIT_/.test(name) || OUR_GIT.test(name))
      );
    }),
  'no variable stands twice, and ours say what they say': ({ Env = [] }) =>
    new Set(Env.map((text) => text.split('=')[0])).size === Env.length &&
    Env.includes('GIT_CONFIG_SYSTEM=/run/github-flows/gitconfig') &&
    Env.includes('GITHUB_FLOWS_RUN_ID=run1'),
  'no secret stands in the options': (options, { secrets }) => {
    const text = JSON.stringify(options);
    return !secrets.some((secret) => text.includes(secret));
  },
  'our labels are ours, and the engine’s are nobody’s': ({ Labels = {} }) =>
    Object.keys(Labels)
      .filter((name) => /^(github-flows|com\.docker|io\.docker)/i.test(name))
      .sort()
      .join() === 'github-flows.attempt,github-flows.installation,github-flows.run' &&
    Labels['github-flows.run'] === 'run1',
};

/** The titles of the invariants that these options break. */
export function brokenInvariants(options: ContainerCreateOptions, ground: Ground): string[] {
  return Object.entries(PLAN_INVARIANTS)
    .filter(([, holds]) => !holds(options as Options, ground))
    .map(([title]) => title);
}

function isWithin(keys: readonly string[], known: string): boolean {
  const names = known.split(' ');
  return keys.every((key) => names.includes(key));
}

function isLimit(value: number | undefined, least: number, most = 2 ** 53): boolean {
  return value !== undefined && value >= least && value <= most;
}

const binds = ({ HostConfig }: Options): MountSettings[] =>
  (HostConfig.Mounts ?? []).filter(({ Type }) => Type === 'bind');

const foreignBinds = (options: Options, { own }: Ground): MountSettings[] =>
  binds(options).filter(({ Source }) => !Object.values(own).some((directory) => isIn(directory, Source)));

const tmpfs = ({ HostConfig }: Options): Record<string, string> =>
  (HostConfig.Tmpfs ?? {}) as Record<string, string>;

/** Whether an address means the machine itself or its link; a URL writes every IPv6 address in one form. */
function isHere(address: string): boolean {
  if (!address.includes(':')) return /^(0|127|169\.254)\./.test(address);
  return /^\[::(ffff:)?(1?|(7f..|a9fe|0):[0-9a-f]{1,4})\]$/.test(new URL(`http://[${address}]`).hostname);
}

function isIn(directory: string, path: string): boolean {
  return path === directory || path.startsWith(`${directory.replace(/\/$/, '')}/`);
}

function isForbidden(path: string, { host, policy }: Ground): boolean {
  const inside = (place: string) => isIn(place, path);
  const holds = (place: string) => isIn(path, place);
  const never = [...ENGINE, host.secretsDir, host.varDir, ...host.appDirs];
  if (never.some((place) => inside(place) || holds(place)) || SECRET_NAME.test(path)) return true;
  if (policy.mounts.some(({ source }) => isIn(source, path))) return false;
  return (
    SYSTEM.some(inside) || [...SYSTEM, ...WHOLE, ...host.homes].some(holds) || /^\/home\/[^/]+$/.test(path)
  );
}

const realPaths = new Map<string, string>();

/** The real path by the kernel's own means, as far as it is there; the ground does not change meanwhile. */
function realOf(whole: string): string {
  const known = realPaths.get(whole);
  if (known !== undefined) return known;
  for (let path = whole; ; path = dirname(path)) {
    try {
      const real = join(realpathSync(path), whole.slice(path.length));
      realPaths.set(whole, real);
      return real;
    } catch {}
  }
}
