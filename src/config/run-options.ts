import type { Option } from './option.ts';

/** The limits of a run whose profile says nothing about them. */
export const RUN_OPTIONS = [
  { name: 'RUN_MEMORY', type: 'bytes', default: '4g', sentence: 'Memory of a run’s container.' },
  { name: 'RUN_CPUS', type: 'number', default: '2', sentence: 'Processors of a run’s container.' },
  {
    name: 'RUN_PIDS',
    type: 'count',
    default: '512',
    sentence: 'Processes and threads of a run’s container.',
  },
  {
    name: 'RUN_SHM_SIZE',
    type: 'bytes',
    default: '64m',
    sentence: 'Size of `/dev/shm` in a run’s container.',
  },
  {
    name: 'RUN_TIMEOUT_SEC',
    type: 'count',
    default: '1800',
    sentence: 'Seconds a run may take once its container runs.',
  },
  {
    name: 'RUN_STALL_SEC',
    type: 'count',
    default: '900',
    sentence: 'Seconds a run may be silent on both streams before it is stopped.',
  },
  {
    name: 'RUN_GRACE_SEC',
    type: 'count',
    default: '10',
    sentence: 'Seconds between asking a container to stop and killing it.',
  },
  {
    name: 'RUN_LOG_BYTES',
    type: 'bytes',
    default: '20m',
    sentence: 'Output that is kept of a run; a run that prints ten times as much is ended.',
  },
  {
    name: 'RUN_DISK_BYTES',
    type: 'bytes',
    default: '10g',
    sentence:
      'What a run may write into its container’s own files; more ends it. With `readOnlyRoot` nothing can be written there.',
  },
  {
    name: 'RUN_WORKSPACE_BYTES',
    type: 'bytes',
    default: '10g',
    sentence: 'By how much a run may make its workspace grow; more ends it.',
  },
] as const satisfies readonly Option[];
