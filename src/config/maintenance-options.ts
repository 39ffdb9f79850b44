import type { Option } from './option.ts';

/** The options of what the service does for itself: what it keeps, when the disk is too full, what it asks for again. */
export const MAINTENANCE_OPTIONS = [
  {
    name: 'KEEP_BODIES_DAYS',
    type: 'number',
    default: '30',
    sentence:
      'Days for which the bodies of deliveries are kept; what was decided, and the keys that tell a duplicate, stay.',
  },
  {
    name: 'KEEP_BODIES_BYTES',
    type: 'bytes',
    default: '5g',
    sentence: 'What all bodies may take together; the oldest go first.',
  },
  {
    name: 'KEEP_LOGS_DAYS',
    type: 'number',
    default: '90',
    sentence: 'Days after its end for which a run’s log, prompt and patch are kept.',
  },
  {
    name: 'KEEP_LOGS_BYTES',
    type: 'bytes',
    default: '20g',
    sentence: 'What the logs of all runs may take together; the oldest go first.',
  },
  {
    name: 'KEEP_FAILED_BYTES',
    type: 'bytes',
    default: '20g',
    sentence: 'What the kept workspaces of failed runs may take together; the oldest go first.',
  },
  {
    name: 'KEEP_MIRRORS_DAYS',
    type: 'number',
    default: '90',
    sentence: 'Days for which the mirror of a repository is kept that no run asks for.',
  },
  {
    name: 'KEEP_MIRRORS_BYTES',
    type: 'bytes',
    default: '50g',
    sentence: 'What all mirrors may take together; the one that was not asked for the longest goes first.',
  },
  {
    name: 'MIN_FREE_TO_RUN',
    type: 'bytes',
    default: '1g',
    sentence: 'Free space on the disks of `VAR_DIR` and `WORKSPACE_ROOT` below which no run begins.',
  },
  {
    name: 'MIN_FREE_TO_PREPARE',
    type: 'bytes',
    default: null,
    sentence:
      'Free space on these disks below which the fetch and the checkout of a run are ended; half of `MIN_FREE_TO_RUN` unless set.',
  },
  {
    name: 'MIN_FREE_TO_ACCEPT',
    type: 'bytes',
    default: '256m',
    sentence:
      'Free space below which no delivery is accepted either (503, and GitHub is asked for it again later).',
  },
  {
    name: 'MIN_FREE_FILES_TO_RUN',
    type: 'count',
    default: '20000',
    sentence: 'Free inodes below which no run begins, where the file system counts them.',
  },
  {
    name: 'MIN_FREE_FILES_TO_ACCEPT',
    type: 'count',
    default: '1000',
    sentence: 'Free inodes below which no delivery is accepted either.',
  },
  {
    name: 'RECOVER_MISSED',
    type: 'switch',
    default: 'on',
    sentence:
      '`on` or `off`: whether GitHub’s lists of deliveries are compared with what arrived, and what is missing is asked for again.',
  },
  {
    name: 'RECOVER_EVERY_MIN',
    type: 'number',
    default: '5',
    sentence: 'Minutes between two such comparisons; the first is made at the start.',
  },
  {
    name: 'RECOVER_HOURS',
    type: 'number',
    default: '24',
    sentence: 'How many hours back a comparison looks; GitHub itself keeps three days.',
  },
] as const satisfies readonly Option[];
