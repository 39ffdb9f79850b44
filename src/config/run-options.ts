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
    sentence: 'Seconds that a run may take after its container started.',
  },
  {
    name: 'RUN_STALL_SEC',
    type: 'count',
    default: '900',
    sentence: 'Seconds that a run may be silent on both streams.',
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
    sentence: 'Output that is kept of a run. A run that prints ten times as much is stopped.',
  },
  {
    name: 'RUN_DISK_BYTES',
    type: 'bytes',
    default: '10g',
    sentence:
      'Size of a run’s own files in its container; more ends the run. With `readOnlyRoot` it has none.',
  },
  {
    name: 'RUN_WORKSPACE_BYTES',
    type: 'bytes',
    default: '10g',
    sentence: 'Growth of a run’s workspace; more ends the run.',
  },
] as const satisfies readonly Option[];
