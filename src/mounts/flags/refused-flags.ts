import { closest, distance } from 'fastest-levenshtein';

const ROOT =
  'The agent runs without capabilities, as an ordinary user; what it needs to install belongs into its image.';
const SHARED = 'A run shares no namespace with the host or with other containers; leave it out.';
const SERVICE = 'The service does this itself for every run; leave it out.';
const DEVICES =
  'No device reaches a container; let a process on the host do this part and mount its results.';
const RESOURCES =
  "Use --memory, --cpus, --pids-limit or --shm-size for limits; the finer ones are the engine's own.";
const NETWORK = 'Write "runtime.network": "open" or "none", or --network bridge or none.';
const CPUS = 'Use --cpus for a share of the processors.';
const DISK = 'Reads and writes of block devices are not limited by a profile; leave it out.';
const HEALTH = 'A run ends by its exit or its deadline, not by its health; use runtime.timeoutSec.';
const VALUES = 'Write each variable into runtime.env, or as -e NAME=VALUE.';
const MEMORY = 'Use --memory alone: swap, reservations and out-of-memory rules are set by the service.';

/** What to do instead of each flag of `docker run` that somebody is likely to try. */
const ADVICE: Readonly<Record<string, string>> = {
  '--privileged': ROOT,
  '--cap-add': ROOT,
  '--group-add': 'A run has the one group of its user; give the files to that group instead.',
  '--pid': SHARED,
  '--ipc': `${SHARED} Use --shm-size for more shared memory.`,
  '--uts': `${SHARED} Use --hostname for a name.`,
  '--userns': SHARED,
  '--cgroupns': SHARED,
  '--cgroup-parent': "Limits come from --memory, --cpus and --pids-limit; the parent is the engine's own.",
  '--volumes-from':
    'Runs share nothing; mount the directory itself: --mount type=bind,src=/srv/data,dst=/data,readonly.',
  '--volume-driver':
    'Only plain volumes are mounted, and by a policy of the admin; mount a directory of the host read-only.',
  '--device': DEVICES,
  '--device-cgroup-rule': DEVICES,
  '--device-read-bps': DISK,
  '--device-read-iops': DISK,
  '--device-write-bps': DISK,
  '--device-write-iops': DISK,
  '--blkio-weight': DISK,
  '--blkio-weight-device': DISK,
  '--gpus': DEVICES,
  '--runtime': 'Write runtime.ociRuntime, which the policy of the admin has to list; or leave it out.',
  '--isolation': 'It is for Windows; leave it out.',
  '--env-file': VALUES,
  '--label-file': 'Write each label as --label NAME=VALUE.',
  '--entrypoint': 'The entry point of the image is not used; write the program into handler.command.',
  '--rm': `${SERVICE} The container is removed when the run ends.`,
  '--detach': SERVICE,
  '-d': SERVICE,
  '--interactive': 'The prompt is the standard input of the handler; leave it out.',
  '-i': 'The prompt is the standard input of the handler, and no terminal is there; leave it out.',
  '--tty': 'No run has a terminal; leave it out.',
  '-t': 'No run has a terminal; leave it out.',
  '--attach': SERVICE,
  '-a': SERVICE,
  '--detach-keys': SERVICE,
  '--sig-proxy': SERVICE,
  '--name': 'The service names its containers after the run; use --label to mark them.',
  '--cidfile': 'The service keeps the container of each run itself; `github-flows runs show` prints it.',
  '--restart': 'A container runs once and is removed; leave it out.',
  '--pull': 'Images are there before a run starts; pull them with docker pull.',
  '--platform': 'Build or pull the image for this machine and name it in runtime.image.',
  '--stop-signal': SERVICE,
  '--stop-timeout': 'The grace period is an option of the service; leave it out.',
  '--log-driver': 'Logs are kept by the service, bounded, under var/log/runs; leave it out.',
  '--log-opt': 'Logs are kept by the service, bounded, under var/log/runs; leave it out.',
  '--publish': 'Nothing reaches into a container from outside; leave it out.',
  '-p': 'Nothing reaches into a container from outside; leave it out.',
  '--publish-all': 'Nothing reaches into a container from outside; leave it out.',
  '-P': 'Nothing reaches into a container from outside; leave it out.',
  '--expose': 'Nothing reaches into a container from outside; leave it out.',
  '--net': NETWORK,
  '--network-alias': NETWORK,
  '--net-alias': NETWORK,
  '--ip': NETWORK,
  '--ip6': NETWORK,
  '--link': NETWORK,
  '--link-local-ip': NETWORK,
  '--mac-address': NETWORK,
  '--domainname': 'Use --hostname with the full name.',
  '-h': 'Write it as --hostname.',
  '-l': 'Write it as --label.',
  '-c': CPUS,
  '--dns-search': 'Use full names; --dns takes the address of a name server.',
  '--dns-opt': 'Use full names; --dns takes the address of a name server.',
  '--dns-option': 'Use full names; --dns takes the address of a name server.',
  '--memory-swap': MEMORY,
  '--memory-swappiness': MEMORY,
  '--memory-reservation': MEMORY,
  '--kernel-memory': MEMORY,
  '--oom-kill-disable': MEMORY,
  '--oom-score-adj': MEMORY,
  '--cpu-shares': CPUS,
  '--cpu-period': CPUS,
  '--cpu-quota': CPUS,
  '--cpu-rt-period': CPUS,
  '--cpu-rt-runtime': CPUS,
  '--cpu-count': CPUS,
  '--cpu-percent': CPUS,
  '--cpuset-cpus': CPUS,
  '--cpuset-mems': CPUS,
  '--io-maxbandwidth': RESOURCES,
  '--io-maxiops': RESOURCES,
  '--storage-opt':
    'The size of a container is watched by the service; use --tmpfs with size= for bounded space.',
  '--sysctl': 'Kernel settings are the same for every run; leave it out.',
  '--annotation': 'Use --label.',
  '--disable-content-trust': 'Name the image by its digest in runtime.image.',
  '--health-cmd': HEALTH,
  '--health-interval': HEALTH,
  '--health-retries': HEALTH,
  '--health-start-period': HEALTH,
  '--health-start-interval': HEALTH,
  '--health-timeout': HEALTH,
  '--no-healthcheck': HEALTH,
  '--use-api-socket': 'No run reaches the engine; leave it out.',
  '--help': 'Remove it.',
  '--quiet': 'Remove it.',
  '-q': 'Remove it.',
};

const NEAR = 3;

/** What to do instead of an unknown flag (with its dashes): the advice for it, or the nearest of the `known` ones. */
export function adviceFor(flag: string, known: readonly string[]): string {
  const advice = Object.hasOwn(ADVICE, flag) ? ADVICE[flag] : undefined;
  if (advice !== undefined) return advice;
  const start = known.filter((name) => flag.length > 3 && name.startsWith(flag));
  if (start.length > 0) return `Flags are not abbreviated: write ${start.join(' or ')}.`;
  const near = flag.length <= 64 ? closest(flag, [...known]) : '';
  if (near !== '' && distance(flag, near) <= NEAR && flag.startsWith('--')) return `Did you mean ${near}?`;
  return 'Remove it; if the run needs what it does, build that into the image.';
}
