/**
 * Every limit of a run: its option with the default, and the key of `execution.runtime` in a profile that goes before it.
 * Where `hasCeiling`, the policy may set the most under the same key. Sizes are in bytes, times in seconds.
 */
export const RUN_LIMITS = [
  {
    name: 'memoryBytes',
    unit: 'bytes',
    key: 'memory',
    hasCeiling: true,
    option: { name: 'RUN_MEMORY', type: 'bytes', default: '4g', sentence: 'Memory of a run’s container.' },
  },
  {
    name: 'cpus',
    unit: 'count',
    key: 'cpus',
    hasCeiling: true,
    option: { name: 'RUN_CPUS', type: 'number', default: '2', sentence: 'Processors of a run’s container.' },
  },
  {
    name: 'pids',
    unit: 'count',
    key: 'pids',
    hasCeiling: true,
    option: {
      name: 'RUN_PIDS',
      type: 'count',
      default: '512',
      sentence: 'Processes and threads of a run’s container.',
    },
  },
  {
    name: 'shmSizeBytes',
    unit: 'bytes',
    key: 'shmSize',
    hasCeiling: false,
    option: {
      name: 'RUN_SHM_SIZE',
      type: 'bytes',
      default: '64m',
      sentence: 'Size of `/dev/shm` in a run’s container.',
    },
  },
  {
    name: 'timeoutSec',
    unit: 'seconds',
    key: 'timeoutSec',
    hasCeiling: true,
    option: {
      name: 'RUN_TIMEOUT_SEC',
      type: 'count',
      default: '1800',
      sentence: 'Seconds that a run may take after its container started.',
    },
  },
  {
    name: 'stallTimeoutSec',
    unit: 'seconds',
    key: 'stallTimeoutSec',
    hasCeiling: false,
    option: {
      name: 'RUN_STALL_SEC',
      type: 'count',
      default: '900',
      sentence: 'Seconds that a run may be silent on both streams.',
    },
  },
  {
    name: 'graceSec',
    unit: 'seconds',
    key: null,
    hasCeiling: false,
    option: {
      name: 'RUN_GRACE_SEC',
      type: 'count',
      default: '10',
      sentence: 'Seconds between asking a container to stop and killing it.',
    },
  },
  {
    name: 'logBytes',
    unit: 'bytes',
    key: null,
    hasCeiling: false,
    option: {
      name: 'RUN_LOG_BYTES',
      type: 'bytes',
      default: '20m',
      sentence: 'Output that is kept of a run. A run that prints ten times as much is stopped.',
    },
  },
  {
    name: 'diskBytes',
    unit: 'bytes',
    key: 'diskSize',
    hasCeiling: true,
    option: {
      name: 'RUN_DISK_BYTES',
      type: 'bytes',
      default: '10g',
      sentence:
        'Size of a run’s own files in its container; more ends the run. With `readOnlyRoot` it has none.',
    },
  },
  {
    name: 'workspaceBytes',
    unit: 'bytes',
    key: 'workspaceSize',
    hasCeiling: true,
    option: {
      name: 'RUN_WORKSPACE_BYTES',
      type: 'bytes',
      default: '10g',
      sentence: 'Growth of a run’s workspace; more ends the run.',
    },
  },
] as const;

/** One row of the table. */
type RunLimit = (typeof RUN_LIMITS)[number];

/** The limits that one run has; stored with it when it is launched. */
export type RunLimits = Record<RunLimit['name'], number>;

/** The limits that a profile may set. */
export type ProfileLimit = Exclude<RunLimit, { key: null }>;

/** The limits that the policy may set the most of. */
export type CeilingLimit = Extract<RunLimit, { hasCeiling: true }>;

/** Limits as a profile or a policy writes them: a size such as `"512m"`, or a number. */
export type WrittenLimits<Limit extends ProfileLimit> = {
  -readonly [Each in Limit as Each['key']]?: Each['unit'] extends 'bytes' ? string | number : number;
};

/** The limits that a profile may set. */
export const PROFILE_LIMITS: readonly ProfileLimit[] = RUN_LIMITS.filter((limit) => limit.key !== null);

/** The limits that the policy may set the most of. */
export const CEILING_LIMITS: readonly CeilingLimit[] = RUN_LIMITS.filter((limit) => limit.hasCeiling);

/** A value for each of some limits, by their names. */
export function eachLimit<Limit extends RunLimit, Value>(
  limits: readonly Limit[],
  read: (limit: Limit) => Value,
): Record<Limit['name'], Value> {
  return Object.fromEntries(limits.map((limit) => [limit.name, read(limit)])) as Record<Limit['name'], Value>;
}
