import type { Option } from './option.ts';

/** Options of maintenance: what is kept, when the disk is too full, which deliveries are requested again. */
export const MAINTENANCE_OPTIONS = [
  {
    name: 'KEEP_BODIES_DAYS',
    type: 'number',
    default: '30',
    sentence: 'Days for which bodies of deliveries are kept. Decisions and the keys of duplicates stay.',
  },
  {
    name: 'KEEP_BODIES_BYTES',
    type: 'bytes',
    default: '5g',
    sentence: 'Maximum size of all bodies together; the oldest are removed first.',
  },
  {
    name: 'KEEP_LOGS_DAYS',
    type: 'number',
    default: '90',
    sentence: 'Days for which log, prompt and patch of a run are kept after its end.',
  },
  {
    name: 'KEEP_LOGS_BYTES',
    type: 'bytes',
    default: '20g',
    sentence: 'Maximum size of all logs together; the oldest are removed first.',
  },
  {
    name: 'KEEP_FAILED_BYTES',
    type: 'bytes',
    default: '20g',
    sentence: 'Maximum size of all workspaces of failed runs; the oldest are removed first.',
  },
  {
    name: 'KEEP_MIRRORS_DAYS',
    type: 'number',
    default: '90',
    sentence: 'Days for which an unused mirror is kept.',
  },
  {
    name: 'KEEP_MIRRORS_BYTES',
    type: 'bytes',
    default: '50g',
    sentence: 'Maximum size of all mirrors; the one that is unused for the longest time is removed first.',
  },
  {
    name: 'MIN_FREE_TO_RUN',
    type: 'bytes',
    default: '1g',
    sentence: 'Free space on the disks of `VAR_DIR` and `WORKSPACE_ROOT` below which no run starts.',
  },
  {
    name: 'MIN_FREE_TO_PREPARE',
    type: 'bytes',
    default: null,
    sentence:
      'Free space on these disks below which a run’s fetch or checkout is stopped. Default: half of `MIN_FREE_TO_RUN`.',
  },
  {
    name: 'MIN_FREE_TO_ACCEPT',
    type: 'bytes',
    default: '256m',
    sentence: 'Free space below which no delivery is accepted (503; the service asks GitHub for it later).',
  },
  {
    name: 'MIN_FREE_FILES_TO_RUN',
    type: 'count',
    default: '20000',
    sentence: 'Free inodes below which no run starts, where the file system counts them.',
  },
  {
    name: 'MIN_FREE_FILES_TO_ACCEPT',
    type: 'count',
    default: '1000',
    sentence: 'Free inodes below which no delivery is accepted.',
  },
  {
    name: 'REDELIVER_MISSED',
    type: 'switch',
    default: 'on',
    sentence:
      '`on` or `off`: whether the service compares GitHub’s lists of deliveries with its own, and asks for missed ones.',
  },
  {
    name: 'REDELIVER_EVERY_MIN',
    type: 'number',
    default: '5',
    sentence: 'Minutes between two comparisons; the first is at the start.',
  },
  {
    name: 'REDELIVER_HOURS',
    type: 'number',
    default: '24',
    sentence: 'Hours that a comparison looks back; GitHub keeps three days.',
  },
] as const satisfies readonly Option[];
