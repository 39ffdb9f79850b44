import type { Option } from './option.ts';

/** What a repository may take of the host until its agent starts. */
export const REPOSITORY_OPTIONS = [
  {
    name: 'PREPARE_TIMEOUT_SEC',
    type: 'count',
    default: '900',
    sentence: 'Seconds for everything before the agent’s start: fetch, checkout, credentials, container.',
  },
  {
    name: 'FETCH_BYTES',
    type: 'bytes',
    default: '10g',
    sentence: 'Size of one fetch of a repository; more ends it.',
  },
  {
    name: 'CHECKOUT_ENTRIES',
    type: 'count',
    default: '500000',
    sentence: 'Files, links and directories of a checkout, counted before it starts.',
  },
  {
    name: 'CHECKOUT_BYTES',
    type: 'bytes',
    default: '10g',
    sentence: 'Size of a checkout on the disk, counted before it starts.',
  },
  {
    name: 'GIT_MEMORY',
    type: 'bytes',
    default: '4g',
    sentence: 'Address space of each git process on the host that fetches or checks out a repository.',
  },
  {
    name: 'GIT_CPU_SEC',
    type: 'count',
    default: '300',
    sentence: 'Seconds of processor time of each such process.',
  },
] as const satisfies readonly Option[];
